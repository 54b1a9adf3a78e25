// Signs one order with ethers, as any wallet would, sends it, and prints the answer. Everything comes from ORDER (JSON) and the
// environment.
import { createRequire } from "node:module";

const require = createRequire(process.env.NPM_FOLDER + "/");
const { TypedDataEncoder, Wallet } = require("ethers");

const api = process.env.API_URL.replace(/\/$/, "");
const { market, order, timeInForce, postOnly } = JSON.parse(process.env.ORDER);
const wallet = new Wallet(process.env.KEY);
const { chainId } = await (await fetch(api + "/chain")).json();

const domain = { name: "Foresight Market", version: "1", chainId, verifyingContract: market };
const types = {
  Order: [
    { name: "maker", type: "address" }, { name: "outcomeIndex", type: "uint256" }, { name: "isBuy", type: "bool" },
    { name: "price", type: "uint256" }, { name: "amount", type: "uint256" }, { name: "salt", type: "uint256" },
      { name: "expiry", type: "uint256" },
  ],
};
const signed = { maker: wallet.address, ...order };
const signature = await wallet.signTypedData(domain, types, signed);
const sentAt = Date.now();
const response = await fetch(api + "/orders", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ market, order: signed, signature, timeInForce: timeInForce ?? "GTC", postOnly: postOnly ?? false }),
});
console.log(JSON.stringify({
  kind: "answer", status: response.status, sentAt, answeredAt: Date.now(), expectedId: TypedDataEncoder.hash(domain, types, signed),
    body: await response.json(),
}));
