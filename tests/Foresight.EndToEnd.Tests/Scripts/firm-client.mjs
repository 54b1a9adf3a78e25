// Deposits, trades and withdraws with the packed client of TypeScript. Everything comes from TERMS (JSON) and the environment; the packages
// are in PACKAGES.
import { createRequire } from 'node:module';

const require = createRequire(process.env.PACKAGES + '/');
const { JsonRpcProvider, Wallet } = require('ethers');
const { HubConnectionBuilder, LogLevel } = require('@microsoft/signalr');
const { ForesightClient, RefusedError, Vault, followAccount, sharesAsset, signOrder, usdcAsset } = require('@foresight/client');

const terms = JSON.parse(process.env.TERMS);
const wallet = new Wallet(process.env.KEY, new JsonRpcProvider(process.env.RPC_URL, undefined, { cacheTimeout: -1, pollingInterval: 100 }));
const api = new ForesightClient(process.env.API_URL);
const chain = await api.chain();
const vault = new Vault(wallet, chain);
const report = (kind, value) => console.log(JSON.stringify({ kind, ...value }));
const ends = AbortSignal.timeout(60_000);

const hub = new HubConnectionBuilder().withUrl(`${process.env.API_URL}hubs/market`).configureLogging(LogLevel.None).build();
await hub.start();
await followAccount(hub, wallet, { withdrawals: message => message.withdrawals.forEach(update => report('update', { update })) });

if (terms.isBuy) await vault.depositWithPermit(terms.deposit);
else await vault.deposit(sharesAsset(terms.market, terms.outcome), terms.deposit);
report('deposited', await vault.purse(terms.isBuy ? usdcAsset : sharesAsset(terms.market, terms.outcome)));

const order = {
  market: terms.market.address, outcomeIndex: terms.outcome, isBuy: terms.isBuy, price: terms.price, amount: terms.amount, purse: 'vault',
};
// What is in the vault counts some blocks later.
for (;;) {
  try {
    report('placed', { order: await api.place(await signOrder(wallet, chain.chainId, order), ends) });
    break;
  } catch (error) {
    if (!(error instanceof RefusedError && error.code === 'insufficient_balance')) throw error;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}

if (terms.withdrawNow) {
  await vault.withdrawNow(api, usdcAsset, terms.withdrawNow, { signal: ends });
  report('withdrawn', await vault.purse(usdcAsset));
  report('requested', await vault.requestWithdrawal(usdcAsset, terms.request));
}
