// Firm money with a wallet library alone (ethers 6): in, traded, and out at once. docs/firm-money.md has the rules. The way out without the
// relayer is that of leave.mjs.
//
//   node firm-money.mjs deposit  --api URL --rpc URL --key-file FILE [--asset ASSET] --amount N
//   node firm-money.mjs trade    --api URL --key-file FILE --market ID --outcome N --side buy|sell --price USDC --amount SHARES
//     [--time-in-force GTC|IOC|FOK]
//   node firm-money.mjs withdraw --api URL --rpc URL --key-file FILE [--asset ASSET] --amount N
//
// ASSET is USDC, which is the default, or a market's id and an outcome, such as 3:0. Run it in a folder in which `npm install ethers@6` was
// done. The file of the key holds a private key, 0x and 64 hexadecimal digits. The last line is a JSON object.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { Contract, JsonRpcProvider, Signature, Wallet, formatUnits, hexlify, parseUnits, randomBytes } =
  createRequire(join(process.cwd(), 'package.json'))('ethers');

const patience = 60_000; // for what the exchange does a few blocks later
const coSignatureSeconds = 600; // the Api takes 1 to 60 minutes
const permitSeconds = 600;

const vaultAbi = [
  'function depositWithPermit(address account, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)',
  'function withdrawNow(uint256 asset, uint256 amount, address to, uint256 nonce, uint256 deadline, bytes signature)',
];
const usdcAbi = [
  'function name() view returns (string)', 'function version() view returns (string)', 'function nonces(address) view returns (uint256)',
  'function eip712Domain() view returns (bytes1, string name, string version, uint256, address, bytes32, uint256[])',
];
const tokenAbi = ['function safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)'];

const members = (...pairs) => pairs.map(pair => pair.split(' ')).map(([type, name]) => ({ type, name }));
const permitTypes = {
  Permit: members('address owner', 'address spender', 'uint256 value', 'uint256 nonce', 'uint256 deadline'),
};
const orderTypes = {
  Order: members('address maker', 'uint256 outcomeIndex', 'bool isBuy', 'uint256 price', 'uint256 amount', 'uint256 salt',
    'uint256 expiry'),
};
const withdrawalTypes = {
  WithdrawalRequest: members('address account', 'uint256 asset', 'uint256 amount', 'uint256 nonce', 'uint256 deadline'),
};

function requireAll(options, ...names) {
  for (const name of names) if (!options[name]) throw new Error(`--${name} is missing.`);
}

async function connect(options) {
  const api = options.api.replace(/\/$/, '');
  const ask = async (path, body) => {
    const answer = await fetch(api + path, body && {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };
  const get = async path => {
    const { status, body } = await ask(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${body.code}`);
    return body;
  };
  const provider = options.rpc ? new JsonRpcProvider(options.rpc, undefined, { cacheTimeout: -1 }) : null;
  const wallet = new Wallet(readFileSync(options['key-file'], 'utf8').trim(), provider);
  const chain = await get('/chain');
  if (!chain.vault) throw new Error('This exchange has no vault.');
  return { ask, get, provider, wallet, chain };
}

// The asset as the Api has it, as the vault has it, and the decimals of an amount.
async function assetOf(at, asset = 'USDC') {
  if (asset === 'USDC') return { text: asset, id: 0n, decimals: 6 };
  const [market, outcome] = asset.split(':');
  const { address } = await at.get(`/markets/${market}`);
  return { text: asset, id: (BigInt(address) << 8n) | BigInt(outcome), decimals: 18 };
}

async function until(what, read) {
  for (const end = Date.now() + patience; Date.now() < end; await pause(200)) {
    const value = await read();
    if (value) return value;
  }
  throw new Error(`waited in vain: ${what}`);
}

const chainSeconds = async at => (await at.provider.getBlock('latest')).timestamp;

// --------------------------------------------------------------------------------------------------------------------------------------

// One transaction: the permit approves the vault for this amount, and is of no use to anybody else.
async function depositUsdc(at, amount) {
  const usdc = new Contract(at.chain.usdc, usdcAbi, at.wallet);
  const [name, version] = await usdc.eip712Domain().then(domain => [domain.name, domain.version])
    .catch(async () => [await usdc.name(), await usdc.version()]);
  const domain = { name, version, chainId: at.chain.chainId, verifyingContract: at.chain.usdc };
  const owner = at.wallet.address;
  const deadline = await chainSeconds(at) + permitSeconds;
  const permit = { owner, spender: at.chain.vault, value: amount, nonce: await usdc.nonces(owner), deadline };
  const { v, r, s } = Signature.from(await at.wallet.signTypedData(domain, permitTypes, permit));
  return new Contract(at.chain.vault, vaultAbi, at.wallet).depositWithPermit(owner, amount, deadline, v, r, s);
}

const depositShares = (at, id, amount) =>
  new Contract(at.chain.outcomeToken, tokenAbi, at.wallet).safeTransferFrom(at.wallet.address, at.chain.vault, id, amount, '0x');

const availableOf = async (at, asset, decimals) => {
  const { status, body } = await at.ask(`/accounts/${at.wallet.address}`);
  const purse = status === 200 ? body.vault?.find(one => one.asset === asset) : null;
  return parseUnits(purse?.available ?? '0', decimals);
};

async function deposit(options) {
  requireAll(options, 'api', 'rpc', 'key-file', 'amount');
  const at = await connect(options);
  const { text, id, decimals } = await assetOf(at, options.asset);
  const amount = parseUnits(options.amount, decimals);
  const before = await availableOf(at, text, decimals);
  const sent = await (id === 0n ? depositUsdc(at, amount) : depositShares(at, id, amount));
  const { blockNumber, hash } = await sent.wait();
  console.log(`deposited ${options.amount} ${text}: block ${blockNumber}, ${hash}`);
  const available = await until('the deposit can be traded with', async () => {
    const now = await availableOf(at, text, decimals);
    return now >= before + amount && now;
  });
  return { account: at.wallet.address, asset: text, available: formatUnits(available, decimals) };
}

async function trade(options) {
  requireAll(options, 'api', 'key-file', 'market', 'outcome', 'side', 'price', 'amount');
  const at = await connect(options);
  const { address: market } = await at.get(`/markets/${options.market}`);
  const order = {
    maker: at.wallet.address,
    outcomeIndex: Number(options.outcome),
    isBuy: options.side === 'buy',
    price: parseUnits(options.price, 6).toString(),
    amount: parseUnits(options.amount, 18).toString(),
    salt: BigInt(hexlify(randomBytes(16))).toString(),
    expiry: '0',
  };
  const domain = { name: 'Foresight Market', version: '1', chainId: at.chain.chainId, verifyingContract: market };
  const signature = await at.wallet.signTypedData(domain, orderTypes, order);
  const { status, body } = await at.ask('/orders', {
    market, order, signature, timeInForce: options['time-in-force'] ?? 'GTC', purse: 'vault',
  });
  if (status !== 201) throw new Error(`the order was answered ${status} ${body.code}: ${body.detail}`);
  console.log(`order ${body.orderId}: ${body.status}, ${body.filledAmount} of ${body.requestedAmount} filled`);
  const trades = [];
  for (const { tradeId } of body.fills)
    trades.push(await until(`trade ${tradeId} is final`, async () => {
      const seen = await at.ask(`/trades/${tradeId}`);
      return seen.status === 200 && ['final', 'failed'].includes(seen.body.settlement) && seen.body;
    }));
  return {
    orderId: body.orderId, status: body.status,
    trades: trades.map(({ tradeId, price, amount, firm, settlement }) => ({ tradeId, price, amount, firm, settlement })),
  };
}

// The relayer takes the amount out of what can be traded with before it signs, so no trade needs it. What is not sent by the deadline is
// free again.
async function withdraw(options) {
  requireAll(options, 'api', 'rpc', 'key-file', 'amount');
  const at = await connect(options);
  const account = at.wallet.address;
  const { text, id, decimals } = await assetOf(at, options.asset);
  const amount = parseUnits(options.amount, decimals);
  const nonce = BigInt(hexlify(randomBytes(8))).toString();
  const deadline = await chainSeconds(at) + coSignatureSeconds;
  const domain = { name: 'Foresight Vault', version: '1', chainId: at.chain.chainId, verifyingContract: at.chain.vault };
  const signature = await at.wallet.signTypedData(domain, withdrawalTypes, { account, asset: id, amount, nonce, deadline });
  const asked = await at.ask('/withdrawals', { account, asset: text, amount: options.amount, nonce, deadline, signature });
  if (asked.status !== 201) throw new Error(`the withdrawal was answered ${asked.status} ${asked.body.code}: ${asked.body.detail}`);
  const { coSignature } = await until('the co-signature', async () => {
    const { status, body } = await at.ask(`/withdrawals/${account}/${nonce}`);
    return status === 200 && body.coSignature && body;
  });
  const vault = new Contract(at.chain.vault, vaultAbi, at.wallet);
  const { blockNumber, hash } = await (await vault.withdrawNow(id, amount, account, nonce, deadline, coSignature)).wait();
  console.log(`withdrew ${options.amount} ${text}: block ${blockNumber}, ${hash}`);
  return { account, asset: text, amount: options.amount, nonce, blockNumber };
}

// --------------------------------------------------------------------------------------------------------------------------------------

const text = { type: 'string' };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    api: text, rpc: text, 'key-file': text, asset: text, amount: text, market: text, outcome: text, side: text, price: text,
    'time-in-force': text,
  },
});
const verb = { deposit, trade, withdraw }[positionals[0]];
if (!verb) throw new Error('Give deposit, trade or withdraw as the first word; the head of this file has the options.');
console.log(JSON.stringify(await verb(values)));
process.exit(0);
