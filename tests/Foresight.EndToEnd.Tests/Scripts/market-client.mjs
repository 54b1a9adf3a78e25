// A market-data client as a trader would write it, on the published @microsoft/signalr package.
// Reads its set-up from the environment, prints one JSON object per line, and answers the line "book" on stdin with the book it has rebuilt.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.env.NPM_FOLDER + "/");
const { HubConnectionBuilder, LogLevel } = require("@microsoft/signalr");

const market = Number(process.env.MARKET);
const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");

const levels = new Map(); // "outcome/side/price" -> lots
let epoch = 0, sequence = 0, gaps = 0, snapshots = 0;

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
  say({ kind: "depth", at: Date.now(), snapshot: message.snapshot, epoch, sequence, raw: message });
}

const connection = new HubConnectionBuilder()
  .withUrl(process.env.API_URL.replace(/\/$/, "") + "/hubs/market")
  .withAutomaticReconnect()
  .configureLogging(LogLevel.Error)
  .build();
connection.on("depth", onDepth);
connection.on("trades", (message) => say({ kind: "trades", at: Date.now(), epoch: message.epoch, sequence: message.sequence, raw: message }));
connection.on("stats", (message) => say({ kind: "stats", raw: message }));
connection.on("orders", (message) => say({ kind: "orders", raw: message }));
connection.on("heartbeat", (message) => say({ kind: "heartbeat", raw: message }));
connection.on("continuity", (message) => say({ kind: "continuity", raw: message }));

await connection.start();
for (const topic of (process.env.TOPICS ?? "depth,trades,stats").split(",")) await connection.invoke("Subscribe", topic, market);
say({ kind: "ready" });

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "book") say({ kind: "book", epoch, sequence, gaps, snapshots, levels: Object.fromEntries(levels) });
}
await connection.stop();
