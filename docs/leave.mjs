// Leaves an exchange whose relayer is gone, with a wallet library alone (ethers 6). docs/leaving.md has the steps and the times.
//
//   node leave.mjs leave --rpc URL --factory ADDRESS --key-file FILE [--cancel MARKET:SALT]… [--offers FILE]
//     [--least-price USDC] [--from-block N] [--blocks N]
//   node leave.mjs offer --rpc URL --factory ADDRESS --key-file FILE --market ADDRESS --outcome N --price USDC --shares N --expiry SECONDS
//
// Run it in a folder in which `npm install ethers@6` was done. The file of the key holds a private key, 0x and 64 hexadecimal digits.
// `leave` can be run again at any time: it looks at what is there. Its last line is a JSON object; exit status 0: nothing is left.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { Contract, Interface, JsonRpcProvider, MaxUint256, NonceManager, Wallet, ZeroAddress, formatUnits, parseUnits } =
  createRequire(join(process.cwd(), 'package.json'))('ethers');

const lot = 10n ** 16n; // 0.01 share, the unit of orders
const unit = 10n ** 12n; // shares that are one micro-USDC of a complete set, the unit of merging
const mostBlocks = 10_000; // in one question for events, unless --blocks is set: public nodes refuse more
const order = [['address', 'maker'], ['uint256', 'outcomeIndex'], ['bool', 'isBuy'], ['uint256', 'price'], ['uint256', 'amount'],
  ['uint256', 'salt'], ['uint256', 'expiry']].map(([type, name]) => ({ type, name }));
const orderTuple = `(${order.map(member => `${member.type} ${member.name}`).join(',')})`;

const factoryAbi = [
  'event MarketCreated(address indexed market, bytes32 indexed questionHash, uint256 outcomes)',
  'function usdc() view returns (address)', 'function outcomeToken() view returns (address)',
  'function guardedUntil() view returns (uint256)', 'function isMarket(address) view returns (bool)',
  'function vault() view returns (address)',
];
const vaultAbi = [
  'function purseOf(address, uint256) view returns (uint256 free, uint256 leaving, uint256 readyBlock, uint256 readyTime)',
  'function requestWithdrawal(uint256, uint256)', 'function finish(uint256, address)',
];
const marketAbi = [
  'function outcomes() view returns (uint256)', 'function state() view returns (uint8)', 'function winningOutcome() view returns (uint8)',
  'function announced() view returns (uint8 state, uint8 outcome, uint64 readyBlock, uint64 readyTime)', 'function applyDecision()',
  `function orderHash(${orderTuple}) view returns (bytes32)`, 'function filled(bytes32) view returns (uint256)',
  'function cancelSalt(uint256)', 'function mergeSet(uint256)', 'function redeem(uint256, uint256) returns (uint256)',
  `function fillOrderSigned(${orderTuple}, bytes, uint256)`,
  // What an offer may be refused for.
  'error InvalidSignature(bytes32 orderHash, address maker)', 'error OrderExpired(bytes32 orderHash, uint256 expiry)',
  'error OrderCancelled(bytes32 orderHash)', 'error OrderOverfilled(bytes32 orderHash, uint256 remaining)',
  'error ExpiryRequired(bytes32 orderHash)', 'error InsufficientCollateral(address account, uint256 available, uint256 needed)',
];
const usdcAbi = ['function balanceOf(address) view returns (uint256)', 'function allowance(address, address) view returns (uint256)',
  'function approve(address, uint256) returns (bool)'];
const tokenAbi = ['function balanceOf(address, uint256) view returns (uint256)', 'function setApprovalForAll(address, bool)',
  'function isApprovedForAll(address, address) view returns (bool)'];

const [state, open, resolved] = [['open', 'resolved', 'invalid'], 0, 1];

async function connect(options) {
  for (const name of ['rpc', 'factory', 'key-file'])
    if (!options[name]) throw new Error(`--${name} is missing.`);
  const provider = new JsonRpcProvider(options.rpc, undefined, { cacheTimeout: -1 });
  const wallet = new Wallet(readFileSync(options['key-file'], 'utf8').trim(), provider);
  const sender = new NonceManager(wallet);
  const factory = new Contract(options.factory, factoryAbi, provider);
  return {
    provider, wallet, sender, factory,
    usdc: new Contract(await factory.usdc(), usdcAbi, sender),
    token: new Contract(await factory.outcomeToken(), tokenAbi, sender),
    market: address => new Contract(address, marketAbi, sender),
    vault: await vaultOf(factory, sender),
  };
}

// Not every exchange has one, and a factory of before there were vaults does not know the question.
async function vaultOf(factory, sender) {
  try {
    const address = await factory.vault();
    return address === ZeroAddress ? null : new Contract(address, vaultAbi, sender);
  } catch (error) {
    if (error.code !== 'CALL_EXCEPTION') throw error;
    return null;
  }
}

async function send(what, transaction) {
  const receipt = await (await transaction).wait();
  console.log(`${what}: block ${receipt.blockNumber}, ${receipt.hash}`);
}

// A step that fails is reported and skipped: no later one may depend on it.
async function attempt(at, failure, step) {
  try {
    await step();
    return true;
  } catch (error) {
    // The manager has counted a transaction that was perhaps never sent; without this the next ones would wait for it.
    at.sender.reset();
    const refusal = error.data ? new Interface(marketAbi).parseError(error.data) : null;
    console.log(`${failure}: ${refusal?.name ?? error.shortMessage ?? error.message}`);
    return false;
  }
}

// --------------------------------------------------------------------------------------------------------------------------------------

async function leave(options) {
  const at = await connect(options);
  const account = at.wallet.address;
  const before = await at.usdc.balanceOf(account);
  const least = parseUnits(options['least-price'] ?? '0', 6);
  let complete = true;

  // 1. Own orders: one that is cancelled no longer fills, no matter who has its signature.
  for (const cancel of options.cancel ?? []) {
    const [market, salt] = cancel.split(':');
    const step = () => send(`cancelled salt ${salt}`, at.market(market).cancelSalt(BigInt(salt)));
    complete = await attempt(at, `salt ${salt} not cancelled`, step) && complete;
  }

  // The best price first, whatever the order of the file.
  const offers = options.offers ? JSON.parse(readFileSync(options.offers, 'utf8')) : [];
  offers.sort((one, other) => Number(priceOf(other) - priceOf(one)));
  const created = await marketsSince(at, Number(options['from-block'] ?? 0), Number(options.blocks ?? mostBlocks));

  // 2. What is in the vault: asked for now, paid by a later run, when the delay is over.
  const assets = [0n, ...created.flatMap(({ args }) => Array.from({ length: Number(args.outcomes) }, (_, k) => idOf(args.market, k)))];
  for (const asset of at.vault ? assets : [])
    complete = await attempt(at, `${nameOf(asset)} not out of the vault`, () => leaveVault(at, asset)) && complete;

  for (const { args } of created) {
    const step = () => leaveMarket(at, args.market, Number(args.outcomes), offers, least);
    complete = await attempt(at, `${args.market} not left`, step) && complete;
  }

  // 6. No order of this account can move anything any more, also none that was forgotten.
  complete = await attempt(at, 'approval of USDC not revoked', async () => {
    if (await at.usdc.allowance(account, options.factory) > 0n)
      await send('approval of USDC revoked', at.usdc.approve(options.factory, 0n));
  }) && complete;
  complete = await attempt(at, 'approval of shares not revoked', async () => {
    if (await at.token.isApprovedForAll(account, options.factory))
      await send('approval of shares revoked', at.token.setApprovalForAll(options.factory, false));
  }) && complete;

  const leaving = [];
  for (const asset of at.vault ? assets : []) {
    const purse = await at.vault.purseOf(account, asset);
    if (purse.free + purse.leaving > 0n) leaving.push(leavingOf(asset, purse));
  }
  if (leaving.length > 0) console.log('Run this again when what is leaving the vault is ready.');
  const left = [];
  for (const { args } of created) left.push(...await sharesWorthSomething(at, args.market, Number(args.outcomes)));
  const after = await at.usdc.balanceOf(account);
  const guarded = await at.factory.guardedUntil();
  if (left.length > 0)
    console.log(`Left are shares that need a buyer's order (--offers), from ${new Date(Number(guarded) * 1000 + 1000).toISOString()} on, `
      + 'or the decision of their market.');
  console.log(JSON.stringify({ account, usdcBefore: formatUnits(before, 6), usdcAfter: formatUnits(after, 6), left, leaving }));
  return complete && left.length === 0 && leaving.length === 0 ? 0 : 1;
}

// A node that refuses a range may take a smaller one; what it refuses for a single block it does not have.
async function marketsSince(at, from, most) {
  if (!(from >= 0 && most >= 1)) throw new Error('--from-block must be at least 0, and --blocks at least 1.');
  const head = await at.provider.getBlockNumber();
  const created = [];
  for (let first = from, blocks = most; first <= head;) {
    const last = Math.min(first + blocks - 1, head);
    try {
      created.push(...await at.factory.queryFilter('MarketCreated', first, last));
      first = last + 1;
    } catch (error) {
      if (first === last) throw error;
      blocks = Math.ceil((last - first + 1) / 2);
    }
  }
  return created;
}

// A new request would begin the delay of an older one again, so that one is finished first.
async function leaveVault(at, asset) {
  const account = at.wallet.address;
  let { free, leaving, readyBlock, readyTime } = await at.vault.purseOf(account, asset);
  const now = await at.provider.getBlock('latest');
  if (leaving > 0n && now.number >= readyBlock && now.timestamp >= readyTime) {
    await send(`${nameOf(asset)} out of the vault`, at.vault.finish(asset, account));
    leaving = 0n;
  }
  if (leaving === 0n && free > 0n) await send(`asked the vault for ${nameOf(asset)}`, at.vault.requestWithdrawal(asset, free));
}

const nameOf = asset => asset === 0n ? 'USDC' : `outcome ${asset & 0xffn} of 0x${(asset >> 8n).toString(16).padStart(40, '0')}`;

const leavingOf = (asset, purse) => ({
  asset: nameOf(asset),
  amount: formatUnits(purse.free + purse.leaving, asset === 0n ? 6 : 18),
  readyBlock: Number(purse.readyBlock),
  readyTime: new Date(Number(purse.readyTime) * 1000).toISOString(),
});

// With a vault a decision waits for its delay, and then for somebody who applies it. Sets merge until a winner is announced.
async function decisionOf(at, market) {
  if (!at.vault) return Number(await market.state());
  const announced = await market.announced();
  const now = await at.provider.getBlock('latest');
  if (Number(await market.state()) === open && announced.state > 0n
    && now.number >= announced.readyBlock && now.timestamp >= announced.readyTime)
    await send(`applied the decision of ${await market.getAddress()}`, market.applyDecision());
  return Number(announced.state);
}

async function leaveMarket(at, address, outcomes, offers, least) {
  const market = at.market(address);
  const decision = await decisionOf(at, market);
  const now = Number(await market.state());
  if (decision !== resolved) {
    // 3. Complete sets are worth one USDC each, at once, also while the market is paused.
    const held = await holdings(at, address, outcomes);
    const sets = held.reduce((least, amount) => amount < least ? amount : least) / unit * unit;
    if (sets > 0n) await send(`merged ${formatUnits(sets)} sets of ${address}`, market.mergeSet(sets));
  }
  if (now === open) {
    // 4. Single outcomes are sold to those who have signed for them, once the settlement role was silent for long enough.
    for (const offer of offers.filter(offer => offer.market?.toLowerCase() === address.toLowerCase())) {
      // Somebody else's offer may be unfunded, expired, cancelled or just filled: what it cannot take is left, and the result has it.
      await attempt(at, `offer of ${offer.order?.maker} (salt ${offer.order?.salt}) passed over`, () => sell(at, market, offer, least));
    }
    return;
  }
  // 5. Decided: what won (or everything, if the market is invalid) is redeemed.
  const held = await holdings(at, address, outcomes);
  for (const outcome of held.keys())
    if (held[outcome] >= unit * BigInt(outcomes) && (now !== resolved || outcome === Number(await market.winningOutcome())))
      await send(`redeemed ${formatUnits(held[outcome])} shares of ${address} (${state[now]})`, market.redeem(outcome, held[outcome]));
}

// An offer that cannot be read comes last, and is passed over there.
function priceOf(offer) {
  try {
    return BigInt(offer.order.price);
  } catch {
    return -1n;
  }
}

async function sell(at, market, { order: buy, signature }, least) {
  if (BigInt(buy.price) < least) throw new Error(`its price, ${formatUnits(buy.price, 6)}, is below ${formatUnits(least, 6)}`);
  const guarded = await at.factory.guardedUntil();
  const { timestamp } = await at.provider.getBlock('latest');
  if (BigInt(timestamp) <= guarded) {
    console.log(`${await market.getAddress()}: only the relayer fills orders until ${new Date(Number(guarded) * 1000).toISOString()}.`);
    return;
  }
  const held = await at.token.balanceOf(at.wallet.address, idOf(await market.getAddress(), buy.outcomeIndex));
  const rest = BigInt(buy.amount) - await market.filled(await market.orderHash(buy));
  const amount = (held < rest ? held : rest) / lot * lot;
  if (!buy.isBuy || amount <= 0n) return;
  const factory = await at.factory.getAddress();
  if (!await at.token.isApprovedForAll(at.wallet.address, factory))
    await send('approval of shares given', at.token.setApprovalForAll(factory, true));
  await send(`sold ${formatUnits(amount)} shares at ${formatUnits(buy.price, 6)}`, market.fillOrderSigned(buy, signature, amount));
}

const idOf = (market, outcome) => (BigInt(market) << 8n) | BigInt(outcome);

const holdings = (at, market, outcomes) => Promise.all(
  Array.from({ length: outcomes }, (_, outcome) => at.token.balanceOf(at.wallet.address, idOf(market, outcome))));

async function sharesWorthSomething(at, address, outcomes) {
  const market = at.market(address);
  const now = Number(await market.state());
  const winner = Number(await market.winningOutcome());
  return (await holdings(at, address, outcomes))
    .map((amount, outcome) => ({ market: address, outcome, shares: formatUnits(amount), amount }))
    .filter(({ amount, outcome }) => amount >= lot && (now !== resolved || outcome === winner))
    .map(({ market, outcome, shares }) => ({ market, outcome, shares }));
}

// --------------------------------------------------------------------------------------------------------------------------------------

// A willing buyer's side: signs an order that others can sell to in escape mode, and approves the factory for its money.
async function offer(options) {
  const at = await connect(options);
  for (const name of ['market', 'outcome', 'price', 'shares', 'expiry'])
    if (!options[name]) throw new Error(`--${name} is missing.`);
  if (!await at.factory.isMarket(options.market)) throw new Error(`${options.market} is no market of this factory.`);
  const buy = {
    maker: at.wallet.address,
    outcomeIndex: Number(options.outcome),
    isBuy: true,
    price: parseUnits(options.price, 6).toString(),
    amount: parseUnits(options.shares, 18).toString(),
    salt: BigInt('0x' + Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')).toString(),
    expiry: options.expiry,
  };
  const { chainId } = await at.provider.getNetwork();
  const domain = { name: 'Foresight Market', version: '1', chainId, verifyingContract: options.market };
  const signature = await at.wallet.signTypedData(domain, { Order: order }, buy);
  const cost = parseUnits(options.price, 6) * parseUnits(options.shares, 18) / 10n ** 18n;
  if (await at.usdc.allowance(at.wallet.address, options.factory) < cost)
    await send('approval of USDC given', at.usdc.approve(options.factory, MaxUint256));
  console.log(JSON.stringify({ market: options.market, order: buy, signature }));
  return 0;
}

const text = { type: 'string' };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rpc: text, factory: text, 'key-file': text, cancel: { type: 'string', multiple: true }, offers: text,
    'least-price': text, 'from-block': text, blocks: text,
    market: text, outcome: text, price: text, shares: text, expiry: text,
  },
});
const verb = { leave, offer }[positionals[0]];
if (!verb) throw new Error('Give leave or offer as the first word; the head of this file has the options.');
process.exit(await verb(values));
