// Adds up what a vault owes and compares it with what it holds, at one block, with a wallet library alone (ethers 6): docs/solvency.md.
//
//   node solvency.mjs --rpc URL --factory ADDRESS [--api URL | --published FILE] [--block N] [--from-block N] [--blocks N]
//
// Run it in a folder in which `npm install ethers@6` was done. With --api or --published it reads the block that the relayer has published
// its totals for, and compares them too; else --block, or the newest one. Its last line is a JSON object.
// Exit status 0: everything holds. 1: something does not. 2: it could not be read, so nothing is known.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { Contract, JsonRpcProvider, ZeroAddress, formatUnits, getAddress } =
  createRequire(join(process.cwd(), 'package.json'))('ethers');

const mostBlocks = 10_000; // in one question for events, unless --blocks is set: public nodes refuse more
const mostPurses = 500; // in one call: each is a slot of storage to read
const unit = 10n ** 12n; // 10^-18 sets that are one micro-USDC

const factoryAbi = [
  'event MarketCreated(address indexed market, bytes32 indexed questionHash, uint256 outcomes)',
  'function usdc() view returns (address)', 'function outcomeToken() view returns (address)', 'function vault() view returns (address)',
];
const vaultAbi = [
  'event Deposited(address indexed account, uint256 indexed asset, uint256 amount, address from)',
  'function amountsOf(address[], uint256[]) view returns (uint256[])', 'function setsOf(address) view returns (uint256)',
];
const usdcAbi = ['function balanceOf(address) view returns (uint256)'];
const tokenAbi = ['function balanceOf(address, uint256) view returns (uint256)'];
const marketAbi = ['function state() view returns (uint8)'];

const idOf = (market, outcome) => (BigInt(market) << 8n) | BigInt(outcome);

async function published(options) {
  if (options.published) return JSON.parse(readFileSync(options.published, 'utf8'));
  if (!options.api) return null;
  const answer = await fetch(new URL('chain/solvency', options.api.endsWith('/') ? options.api : `${options.api}/`));
  if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

// A node that refuses a range may take a smaller one; what it refuses for a single block it does not have.
async function eventsOf(contract, name, from, to, most) {
  const events = [];
  for (let first = from, blocks = most; first <= to;) {
    const last = Math.min(first + blocks - 1, to);
    try {
      events.push(...await contract.queryFilter(name, first, last));
      first = last + 1;
    } catch (error) {
      if (first === last) throw error;
      blocks = Math.ceil((last - first + 1) / 2);
    }
  }
  return events;
}

// What the chain has at one block: of each asset what the vault holds, and what all purses have of it.
async function read(options, provider, block) {
  const at = { blockTag: block };
  const factory = new Contract(options.factory, factoryAbi, provider);
  const address = await factory.vault(at);
  if (address === ZeroAddress) throw new Error('This exchange has no vault.');
  const vault = new Contract(address, vaultAbi, provider);
  const usdc = new Contract(await factory.usdc(at), usdcAbi, provider);
  const token = new Contract(await factory.outcomeToken(at), tokenAbi, provider);

  const [from, most] = [Number(options['from-block'] ?? 0), Number(options.blocks ?? mostBlocks)];
  if (!(from >= 0 && most >= 1)) throw new Error('--from-block must be at least 0, and --blocks at least 1.');
  // Trades pay only into purses that have paid, so every owner of a purse has once been named by a deposit.
  const deposits = await eventsOf(vault, 'Deposited', from, block, most);
  const created = await eventsOf(factory, 'MarketCreated', from, block, most);
  const accounts = [...new Set(deposits.map(({ args }) => args.account))];

  const markets = [];
  for (const { args } of created) {
    const assets = Array.from({ length: Number(args.outcomes) }, (_, k) => idOf(args.market, k));
    markets.push({
      market: args.market,
      isOpen: Number(await new Contract(args.market, marketAbi, provider).state(at)) === 0,
      sets: await vault.setsOf(args.market, at),
      assets,
      held: await Promise.all(assets.map(asset => token.balanceOf(address, asset, at))),
    });
  }

  const sums = new Map([0n, ...markets.flatMap(market => market.assets)].map(asset => [asset, { free: 0n, leaving: 0n }]));
  const assets = [...sums.keys()];
  for (let a = 0; a < assets.length; a += 50) {
    const some = assets.slice(a, a + 50);
    const many = Math.floor(mostPurses / some.length);
    for (let i = 0; i < accounts.length; i += many) {
      const amounts = await vault.amountsOf(accounts.slice(i, i + many), some, at);
      amounts.forEach((amount, n) => {
        const sum = sums.get(some[Math.floor(n / 2) % some.length]);
        sum[n % 2 === 0 ? 'free' : 'leaving'] += amount;
      });
    }
  }
  return { vault: address, accounts: accounts.length, held: await usdc.balanceOf(address, at), markets, sums };
}

// The equations of docs/firm-money.md.
function judge({ held, markets, sums }) {
  const sets = markets.reduce((sum, market) => sum + market.sets, 0n) / unit;
  const all = asset => sums.get(asset).free + sums.get(asset).leaving;
  const rows = [rowOf('USDC', held, -sets, sums.get(0n), 6, held - sets - all(0n), difference => difference >= 0n)];
  for (const market of markets) {
    market.assets.forEach((asset, k) => {
      const difference = market.held[k] + market.sets - all(asset);
      rows.push(rowOf(`${market.market}:${k}`, market.held[k], market.sets, sums.get(asset), 18, difference, one => one === 0n));
    });
    const least = market.held.reduce((least, one) => one < least ? one : least);
    // While it is open, a complete set of shares should be inside, or a merge of purses could lack it.
    if (market.isOpen && least !== 0n)
      rows.push({ asset: `${market.market}: complete sets`, held: formatUnits(least, 18), holds: false });
  }
  return rows.filter(row => row.asset === 'USDC' || !row.holds || [row.held, row.sets, row.free, row.leaving].some(one => one !== '0.0'));
}

const rowOf = (asset, held, sets, sum, decimals, difference, holds) => ({
  asset,
  held: formatUnits(held, decimals),
  sets: formatUnits(sets, decimals),
  free: formatUnits(sum.free, decimals),
  leaving: formatUnits(sum.leaving, decimals),
  difference: formatUnits(difference, decimals),
  holds: holds(difference),
});

// What the relayer has published, figure by figure. It leaves out markets of which the vault has nothing.
function compare(published, chain) {
  const differences = [];
  const check = (name, theirs, ours) => {
    if (String(theirs) !== String(ours)) differences.push(`${name}: published ${theirs}, on chain ${ours}`);
  };
  const amounts = (name, theirs, held, sum) => {
    check(`${name} held`, theirs?.held ?? 0, held);
    check(`${name} free`, theirs?.free ?? 0, sum.free);
    check(`${name} leaving`, theirs?.leaving ?? 0, sum.leaving);
  };
  check('vault', getAddress(published.vault), chain.vault);
  check('accounts', published.accounts, chain.accounts);
  amounts('USDC', published.usdc, chain.held, chain.sums.get(0n));
  check('USDC of sets inside', published.setsUsdc, chain.markets.reduce((sum, market) => sum + market.sets, 0n) / unit);
  const theirs = new Map(published.markets.map(market => [getAddress(market.market), market]));
  for (const { market, sets, assets, held } of chain.markets) {
    const one = theirs.get(market);
    theirs.delete(market);
    check(`${market} sets inside`, one?.sets ?? 0, sets);
    assets.forEach((asset, k) => amounts(`${market}:${k}`, one?.outcomes[k], held[k], chain.sums.get(asset)));
  }
  for (const market of theirs.keys()) differences.push(`${market}: published, and not a market of the factory`);
  return differences;
}

function print(rows) {
  const head = { asset: 'asset', held: 'held', sets: 'sets inside', free: 'free', leaving: 'leaving', difference: 'difference', holds: '' };
  const names = Object.keys(head);
  const text = (row, name) => name === 'holds' && row !== head ? (row.holds ? 'holds' : 'DOES NOT HOLD') : String(row[name] ?? '');
  const widths = names.map(name => Math.max(...[head, ...rows].map(row => text(row, name).length)));
  for (const row of [head, ...rows])
    console.log(names.map((name, i) => text(row, name)[i === 0 ? 'padEnd' : 'padStart'](widths[i])).join('  ').trimEnd());
}

async function main() {
  const { values: options } = parseArgs({
    options: Object.fromEntries(
      ['rpc', 'factory', 'api', 'published', 'block', 'from-block', 'blocks'].map(name => [name, { type: 'string' }])),
  });
  for (const name of ['rpc', 'factory'])
    if (!options[name]) throw new Error(`--${name} is missing.`);
  const claim = await published(options);
  // By a question of its own: a provider that has not found its network asks for ever.
  const network = await new JsonRpcProvider(options.rpc)._detectNetwork();
  const provider = new JsonRpcProvider(options.rpc, network, { staticNetwork: network, cacheTimeout: -1 });
  const { chainId } = network;
  const number = claim ? claim.blockNumber : options.block ? Number(options.block) : await provider.getBlockNumber();
  const header = await provider.getBlock(number);
  if (!header) throw new Error(`The node does not have block ${number}.`);
  const differences = [];
  if (claim) {
    if (BigInt(claim.chainId) !== chainId)
      throw new Error(`The node is of chain ${chainId}, and the totals are of chain ${claim.chainId}.`);
    if (getAddress(claim.factory) !== getAddress(options.factory)) differences.push(`factory: published ${claim.factory}`);
    if (claim.blockHash !== header.hash) differences.push(`block ${number}: published ${claim.blockHash}, on chain ${header.hash}`);
  }

  const chain = await read(options, provider, number);
  // The reads are by number: a reorganisation in between would have mixed two chains.
  if ((await provider.getBlock(number))?.hash !== header.hash) throw new Error(`Block ${number} was undone meanwhile. Run it again.`);
  const rows = judge(chain);
  if (claim) differences.push(...compare(claim, chain));

  console.log(`Vault ${chain.vault} at block ${number}, ${header.hash}: ${chain.accounts} accounts`);
  print(rows);
  for (const difference of differences) console.log(`The relayer's totals differ. ${difference}`);
  if (claim && differences.length === 0) console.log('What the relayer has published is what the chain has.');
  const holds = rows.every(row => row.holds) && differences.length === 0;
  const { accounts } = chain;
  console.log(JSON.stringify({ holds, block: number, hash: header.hash, accounts, compared: claim !== null, rows, differences }));
  return holds ? 0 : 1;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(error.shortMessage ?? error.message);
  process.exit(2);
}
