// Makes vectors.json: what a wallet library that is not ours says about hashing, signing and encoding.
//
//   npm ci --ignore-scripts && node make.mjs
//
// Everything is deterministic: running it again gives the same file.
import { writeFileSync } from "node:fs";
import {
  AbiCoder, FunctionFragment, EventFragment, Interface, SigningKey, Transaction, TypedDataEncoder, Wallet, concat, dataSlice, getAddress,
  getCreateAddress, hashMessage, hexlify, id, keccak256, toBeHex, toUtf8Bytes, zeroPadValue,
} from "ethers";

// A small generator of our own, so that the file does not change from run to run.
let state = 0x9e3779b97f4a7c15n;
const next = () => (state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn) >> 16n;
const bytes = (n) => Uint8Array.from({ length: n }, () => Number(next() & 0xffn));
const uint = (bits) => BigInt("0x" + (Buffer.from(bytes(bits / 8)).toString("hex") || "0"));
const text = (n) => String(n);

const keys = ["foresight a", "foresight b", "foresight c"].map((phrase) => new Wallet(id(phrase)));
keys.push(new Wallet("0x" + "00".repeat(31) + "01"));
keys.push(new Wallet("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"));

const orderTypes = {
  Order: [
    { name: "maker", type: "address" }, { name: "outcomeIndex", type: "uint256" }, { name: "isBuy", type: "bool" },
      { name: "price", type: "uint256" },
    { name: "amount", type: "uint256" }, { name: "salt", type: "uint256" }, { name: "expiry", type: "uint256" },
  ],
};
const cancelTypes = { CancelSaltRequest: [{ name: "maker", type: "address" }, { name: "salt", type: "uint256" }] };
const domainOf = (chainId, verifyingContract, name = "Foresight Market", version = "1") => ({ name, version, chainId, verifyingContract });
const plain = (o) => Object.fromEntries(Object.entries(o)
  .map(([k, v]) => [k, typeof v === "bigint" || typeof v === "number" ? text(v) : v]));

async function typedData() {
  const max = (1n << 256n) - 1n;
  const orders = [];
  const cancels = [];
  for (let i = 0; i < 24; i++) {
    const wallet = keys[i % keys.length];
    const domain = domainOf([31337n, 1n, 137n, 8453n][i % 4], getAddress(hexlify(bytes(20))));
    const order = {
      maker: wallet.address, outcomeIndex: BigInt(i % 8), isBuy: i % 2 === 0, price: (next() % 9999n + 1n) * 100n,
        amount: (next() % 1000000n + 1n) * 10n ** 16n,
      salt: uint(256), expiry: i % 3 === 0 ? 0n : 1700000000n + next() % 1000000n,
    };
    if (i === 20) Object.assign(order, { outcomeIndex: max, price: max, amount: max, salt: max, expiry: max });
    if (i === 21) Object.assign(order, { outcomeIndex: 0n, price: 0n, amount: 0n, salt: 0n, expiry: 0n });
    orders.push({
      key: wallet.privateKey, domain: plain(domain), order: plain(order), separator: TypedDataEncoder.hashDomain(domain),
      structHash: TypedDataEncoder.from(orderTypes).hash(order), digest: TypedDataEncoder.hash(domain, orderTypes, order),
      signature: await wallet.signTypedData(domain, orderTypes, order),
    });
    const cancel = { maker: wallet.address, salt: order.salt };
    cancels.push({
      key: wallet.privateKey, domain: plain(domain), cancel: plain(cancel), digest: TypedDataEncoder.hash(domain, cancelTypes, cancel),
      signature: await wallet.signTypedData(domain, cancelTypes, cancel),
    });
  }
  return { orders, cancels };
}

// One valid order, and the same order changed in one thing each; the signature is always the first one's or says otherwise.
async function matrix() {
  const wallet = keys[0];
  const market = getAddress(hexlify(bytes(20)));
  const other = getAddress(hexlify(bytes(20)));
  const domain = domainOf(31337n, market);
  const order = { maker: wallet.address, outcomeIndex: 1n, isBuy: true, price: 610000n, amount: 5n * 10n ** 18n, salt: uint(256),
    expiry: 1800000000n };
  const signature = await wallet.signTypedData(domain, orderTypes, order);
  const cases = [];
  const signedFor = async (name, field, value, d, o = order, w = wallet) =>
    cases.push({ name, field, value, signature: await w.signTypedData(d, orderTypes, o) });
  await signedFor("wrong chain id", "chainId", "1", domainOf(1n, market));
  await signedFor("wrong contract", "verifyingContract", other, domainOf(31337n, other));
  await signedFor("wrong name", "name", "Foresight", domainOf(31337n, market, "Foresight"));
  await signedFor("wrong version", "version", "2", domainOf(31337n, market, "Foresight Market", "2"));
  await signedFor("other signer", null, null, domain, order, keys[1]);
  for (const [field, value] of Object.entries({ maker: keys[1].address, outcomeIndex: 0n, isBuy: false, price: 610100n,
    amount: 6n * 10n ** 18n, salt: order.salt + 1n, expiry: 0n }))
    await signedFor("other " + field, null, null, domain, { ...order, [field]: value });

  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const r = dataSlice(signature, 0, 32);
  const s = BigInt(dataSlice(signature, 32, 64));
  const v = Number(dataSlice(signature, 64));
  const malformed = [
    { name: "high-s twin", fault: "HighS", signature: concat([r, zeroPadValue(toBeHex(n - s), 32), toBeHex(v === 27 ? 28 : 27)]) },
    { name: "v 0 or 1", fault: "WrongV", signature: concat([dataSlice(signature, 0, 64), toBeHex(v - 27, 1)]) },
    { name: "v 29", fault: "WrongV", signature: concat([dataSlice(signature, 0, 64), "0x1d"]) },
    { name: "64 bytes", fault: "WrongLength", signature: dataSlice(signature, 0, 64) },
    { name: "EIP-2098", fault: "WrongLength", signature: concat([r, zeroPadValue(toBeHex(s | (v === 28 ? 1n << 255n : 0n)), 32)]) },
    { name: "66 bytes", fault: "WrongLength", signature: concat([signature, "0x00"]) },
    { name: "empty", fault: "WrongLength", signature: "0x" },
    { name: "r zero", fault: "NoSuchKey", signature: concat(["0x" + "00".repeat(32), dataSlice(signature, 32)]) },
    { name: "s zero", fault: "NoSuchKey", signature: concat([r, "0x" + "00".repeat(32), toBeHex(v)]) },
    { name: "r is the group order", fault: "NoSuchKey", signature: concat([zeroPadValue(toBeHex(n), 32), dataSlice(signature, 32)]) },
    { name: "r all ones", fault: "NoSuchKey", signature: concat(["0x" + "ff".repeat(32), dataSlice(signature, 32)]) },
  ];
  return { domain: plain(domain), otherMarket: other, order: plain(order), signature, cases, malformed };
}

function hashes() {
  const lengths = [0, 1, 31, 32, 33, 55, 56, 64, 65, 127, 128, 134, 135, 136, 137, 200, 271, 272, 273, 500, 1000];
  return lengths.map((n) => { const data = bytes(n); return { data: hexlify(data), hash: keccak256(data) }; });
}

async function messages() {
  const texts = ["", "hello", "Foresight orders\n0x00000000000000000000000000000000000000aa\n1700000000", "ünï¢ødé 🎲",
    "x".repeat(1000)];
  return Promise.all(texts.map(async (message, i) => {
    const wallet = keys[i % keys.length];
    return { key: wallet.privateKey, address: wallet.address, message, hash: hashMessage(message),
      signature: await wallet.signMessage(message) };
  }));
}

// Values as JSON: integers as decimal text, bytes as hex, arrays and tuples as arrays.
const json = (v) => (typeof v === "bigint" || typeof v === "number" ? text(v) : Array.isArray(v) ? v.map(json) : v);

function abi() {
  const order = "(address maker, uint256 outcomeIndex, bool isBuy, uint256 price, uint256 amount, uint256 salt, uint256 expiry)";
  const someOrder = () => [getAddress(hexlify(bytes(20))), next() % 8n, true, next(), uint(96), uint(256), 0n];
  const leg = () => [someOrder(), hexlify(bytes(65)), uint(96), 500000n];
  const cases = [
    ["(uint256 a)", [0n]],
    ["(uint256 a)", [(1n << 256n) - 1n]],
    ["(uint8 a, uint128 b, bool c, address d)", [255n, uint(128), true, getAddress(hexlify(bytes(20)))]],
    ["(int8 a, int256 b, int256 c, int64 d)", [-128n, -1n, (1n << 255n) - 1n, -(1n << 63n)]],
    ["(bytes32 a, bytes4 b, bytes1 c)", [hexlify(bytes(32)), hexlify(bytes(4)), "0x7f"]],
    ["(bytes a)", ["0x"]],
    ["(bytes a, string b)", [hexlify(bytes(33)), "ünï¢ødé"]],
    ["(string a, string b, uint256 c)", ["", "x".repeat(64), 7n]],
    ["(uint256[] a)", [[]]],
    ["(uint256[] a, uint256[3] b)", [[1n, 2n], [3n, 4n, 5n]]],
    ["(uint256[2][] a)", [[[1n, 2n], [3n, 4n]]]],
    ["(bytes[] a, bytes[2] b)", [["0x01", "0x", hexlify(bytes(40))], ["0xaa", "0xbb"]]],
    ["(string[][] a)", [[["a", "b"], [], ["c"]]]],
    ["((uint256 x, bytes y) a, (uint256 x, (bool p, address q) y) b)", [[5n, "0x1234"], [6n, [false, getAddress(hexlify(bytes(20)))]]]],
    ["((uint256 x, bytes y)[] a)", [[[1n, "0x01"], [2n, "0x"], [3n, hexlify(bytes(100))]]]],
    ["((bytes y)[2] a, uint256 z)", [[["0x01"], ["0x02"]], 9n]],
    [`((uint256 tradeId, (${order} order, bytes signature, uint256 amount, uint256 price)[] legs)[] matches)`,
      [[[1n, [leg(), leg()]], [2n, [leg(), leg(), leg()]], [3n, []]]]],
  ];
  // ethers wants names before tuples and nowhere else: "tuple(...) name".
  const forEthers = (types) => FunctionFragment.from("f" + types.replace(/\(/g, "tuple(").replace("tuple(", "(")).inputs;
  return cases.map(([types, values]) => ({ types, values: json(values),
    encoded: AbiCoder.defaultAbiCoder().encode(forEthers(types), values) }));
}

function signatures() {
  const functions = ["transfer(address,uint256)",
    "settle((uint256,((address,uint256,bool,uint256,uint256,uint256,uint256),bytes,uint256,uint256)[])[])", "pause()"];
  const events = ["Transfer(address,address,uint256)", "OrderFilled(bytes32,address,uint256,uint256,bool,uint256,uint256)"];
  return {
    functions: functions.map((f) => ({ signature: f, selector: FunctionFragment.from("function " + f).selector })),
    events: events.map((e) => ({ signature: e, topic: EventFragment.from("event " + e).topicHash })),
  };
}

function logs() {
  const cases = [
    ["event Transfer(address indexed from, address indexed to, uint256 value)",
      [getAddress(hexlify(bytes(20))), getAddress(hexlify(bytes(20))), uint(128)]],
    ["event OrderFilled(bytes32 indexed orderHash, address indexed maker, uint256 indexed tradeId, "
      + "uint256 outcomeIndex, bool isBuy, uint256 price, uint256 amount)",
      [hexlify(bytes(32)), getAddress(hexlify(bytes(20))), 77n, 1n, true, 610000n, uint(96)]],
    ["event SettlementFailed(uint256 indexed tradeId, bytes reason)", [5n, hexlify(bytes(100))]],
    ["event Mixed(uint256 a, int64 indexed b, string c, bool indexed d)", [1n, -5n, "text", true]],
  ];
  return cases.map(([signature, values]) => ({ signature, values: json(values),
    ...new Interface([signature]).encodeEventLog(EventFragment.from(signature), values) }));
}

async function transactions() {
  const cases = [
    { chainId: 31337, nonce: 0, to: getAddress(hexlify(bytes(20))), gasLimit: 21000, maxFeePerGas: 2000000000n,
      maxPriorityFeePerGas: 1000000000n, value: 0n, data: "0x" },
    { chainId: 1, nonce: 127, to: getAddress(hexlify(bytes(20))), gasLimit: 1000000, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n,
      value: 10n ** 18n, data: "0x00" },
    { chainId: 8453, nonce: 128, to: getAddress(hexlify(bytes(20))), gasLimit: 30000000, maxFeePerGas: uint(96), maxPriorityFeePerGas: 7n,
      value: 1n, data: hexlify(bytes(55)) },
    { chainId: 137, nonce: 70000, to: null, gasLimit: 5000000, maxFeePerGas: 3n, maxPriorityFeePerGas: 3n, value: 0n,
      data: hexlify(bytes(1024)) },
    // Long enough for a length of three bytes; kept here by its hash.
    { chainId: 31337, nonce: 1, to: getAddress(hexlify(bytes(20))), gasLimit: 300000, maxFeePerGas: 2000000000n, maxPriorityFeePerGas: 0n,
      value: 0n, data: "0x" + "ab".repeat(70000) },
  ];
  return Promise.all(cases.map(async (c, i) => {
    const wallet = keys[i % keys.length];
    const raw = await wallet.signTransaction({ ...c, type: 2 });
    const isLong = raw.length > 10000;
    return { key: wallet.privateKey, from: wallet.address, ...plain(c), to: c.to, data: isLong ? null : c.data, raw: isLong ? null : raw,
      hash: Transaction.from(raw).hash, created: getCreateAddress({ from: wallet.address, nonce: c.nonce }) };
  }));
}

const vectors = {
  keys: keys.map((k) => ({ key: k.privateKey, address: k.address, publicKey: SigningKey.computePublicKey(k.privateKey, false) })),
  addresses: Array.from({ length: 12 }, () => getAddress(hexlify(bytes(20)))),
  utf8: ["", "Foresight Market", "ünï¢ødé"].map((t) => ({ text: t, hash: keccak256(toUtf8Bytes(t)) })),
  hashes: hashes(),
  typedData: await typedData(),
  matrix: await matrix(),
  messages: await messages(),
  abi: abi(),
  signatures: signatures(),
  logs: logs(),
  transactions: await transactions(),
};
writeFileSync(new URL("vectors.json", import.meta.url), JSON.stringify(vectors, null, 1) + "\n");
