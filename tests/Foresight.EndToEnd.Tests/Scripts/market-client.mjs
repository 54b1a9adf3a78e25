// A market-data client as a trader would write it, on the published @microsoft/signalr package.
// Reads its set-up from the environment, prints one JSON object per line, and answers the line "book" on stdin with the book it has
// rebuilt.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.NPM_FOLDER + "/");
const { HubConnectionBuilder, LogLevel } = require("@microsoft/signalr");

const market = Number(process.env.MARKET);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const levels = new Map(); // "outcome/side/price" -> lots
let epoch = 0, sequence = 0, gaps = 0, snapshots = 0, checked = 0, wrong = 0;

// CRC-32C over the best 10 bids, then the best 10 asks: see docs/market-data.md.
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1;
  return byte;
});

function checksum(outcome) {
  const side = (name, best) => {
    const found = [];
    for (const [key, lots] of levels) {
      const [itsOutcome, itsSide, ticks] = key.split("/");
      if (Number(itsOutcome) === outcome && itsSide === name) found.push([Number(ticks), lots]);
    }
    found.sort((a, b) => best * (a[0] - b[0]));
    const top = found.slice(0, 10);
    const bytes = Buffer.alloc(1 + top.length * 12);
    bytes.writeUInt8(top.length);
    top.forEach(([ticks, lots], i) => {
      bytes.writeInt32LE(ticks, 1 + i * 12);
      bytes.writeBigInt64LE(BigInt(lots), 5 + i * 12);
    });
    return bytes;
  };
  let crc = 0xffffffff;
  for (const byte of Buffer.concat([side("bid", -1), side("ask", 1)])) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

function onDepth(message) {
  if (message.market !== market || message.epoch < epoch) return;
  if (message.snapshot) {
    levels.clear();
    snapshots++;
  } else if (message.epoch === epoch && message.previous > sequence) {
    gaps++;
    say({ kind: "gap", expected: message.previous, have: sequence });
  }
  for (const level of message.levels) {
    const key = `${level.outcome}/${level.isBid ? "bid" : "ask"}/${level.priceTicks}`;
    if (level.lots === 0) levels.delete(key); else levels.set(key, level.lots);
  }
  epoch = message.epoch;
  sequence = Math.max(message.snapshot ? 0 : sequence, message.sequence);
  message.checksums.forEach((expected, outcome) => {
    checked++;
    if (checksum(outcome) !== expected) wrong++;
  });
  say({ kind: "depth", at: Date.now(), snapshot: message.snapshot, epoch, sequence, raw: message });
}

const connection = new HubConnectionBuilder()
  .withUrl(process.env.API_URL.replace(/\/$/, "") + "/hubs/market")
  .withAutomaticReconnect()
  .configureLogging(LogLevel.Error)
  .build();
connection.on("depth", onDepth);
connection.on("trades", (message) => say({ kind: "trades", at: Date.now(), epoch: message.epoch, sequence: message.sequence,
  raw: message }));
connection.on("trade_state", (message) => say({ kind: "trade_state", at: Date.now(), raw: message }));
connection.on("stats", (message) => say({ kind: "stats", raw: message }));
connection.on("orders", (message) => say({ kind: "orders", raw: message }));
connection.on("heartbeat", (message) => say({ kind: "heartbeat", raw: message }));
connection.on("continuity", (message) => say({ kind: "continuity", raw: message }));

await connection.start();
for (const topic of (process.env.TOPICS ?? "depth,trades,stats").split(",")) await connection.invoke("Subscribe", topic, market);
say({ kind: "ready" });

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "book") say({ kind: "book", epoch, sequence, gaps, snapshots, checked, wrong, levels: Object.fromEntries(levels) });
}
await connection.stop();
