// The vectors are those of the .NET side, made with ethers and checked there against the contracts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Wallet, verifyTypedData } from 'ethers';
import { signCancel, signOrder } from '@foresight/client';

const vectors = JSON.parse(readFileSync(new URL('../../../tests/Foresight.Chain.Tests/vectors/vectors.json', import.meta.url), 'utf8'));
const market = '0x338F053F28099337f28dA8EBACFff32877eF2Ac2';
const wallet = new Wallet(`0x${'11'.repeat(32)}`);
const terms = { market, outcomeIndex: 0, isBuy: true, price: '0.55', amount: '12.5' };

const decimal = (units, decimals) => {
  const digits = units.padStart(decimals + 1, '0');
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
};

test('an order is signed as the vectors have it', async () => {
  const fit = vectors.typedData.orders.filter(({ domain, order }) => domain.name === 'Foresight Market' && domain.version === '1'
    && BigInt(order.price) % 100n === 0n && BigInt(order.price) > 0n && BigInt(order.price) < 1_000_000n
    && BigInt(order.amount) % 10n ** 16n === 0n && BigInt(order.amount) > 0n && BigInt(order.expiry) < 2n ** 53n
    && Number(domain.chainId) === 31337);
  assert.ok(fit.length > 3, `only ${fit.length} vectors have terms that the exchange takes`);
  for (const { key, domain, order, digest, signature } of fit) {
    const signed = await signOrder(new Wallet(key), 31337, {
      market: domain.verifyingContract, outcomeIndex: Number(order.outcomeIndex), isBuy: order.isBuy,
      price: decimal(order.price, 6), amount: decimal(order.amount, 18), expiry: Number(order.expiry),
    }, BigInt(order.salt));
    assert.equal(signed.orderId, digest);
    assert.equal(signed.request.signature, signature);
    assert.deepEqual(signed.request.order, { ...order, outcomeIndex: Number(order.outcomeIndex) });
  }
});

test('what is not signed is sent as it is, and nothing that was not given', async () => {
  const { request } = await signOrder(wallet, 31337, { ...terms, timeInForce: 'IOC', purse: 'vault', firmOnly: true });
  assert.deepEqual([request.timeInForce, request.purse, request.firmOnly], ['IOC', 'vault', true]);
  assert.deepEqual(Object.keys((await signOrder(wallet, 31337, terms)).request), ['market', 'order', 'signature']);
});

test('the same terms are another order each time', async () => {
  const ids = await Promise.all([1, 2, 3].map(async () => (await signOrder(wallet, 31337, terms)).orderId));
  assert.equal(new Set(ids).size, 3);
});

test('what the units cannot hold is not signed', async () => {
  for (const [change, error] of [
    [{ price: '0' }, 'A price is above 0 and below 1.'], [{ price: '1' }, 'A price is above 0 and below 1.'],
    [{ price: '0.55555' }, 'A price has at most 4 decimals; "0.55555" has more.'],
    [{ price: '-0.5' }, 'A price is a decimal number without a sign; "-0.5" is none.'],
    [{ price: '5e-1' }, 'A price is a decimal number without a sign; "5e-1" is none.'],
    [{ amount: '0.00' }, 'An amount of shares is above 0.'],
    [{ amount: '0.005' }, 'An amount of shares has at most 2 decimals; "0.005" has more.'],
    [{ amount: '' }, 'An amount of shares is a decimal number without a sign; "" is none.'],
  ])
    await assert.rejects(signOrder(wallet, 31337, { ...terms, ...change }), { name: 'RangeError', message: error });
});

test('a cancel is signed for the salt', async () => {
  const cancel = await signCancel(wallet, 31337, market, '7');
  assert.deepEqual([cancel.maker, cancel.salt, cancel.signature.length], [wallet.address, '7', 132]);
});

test('a registered key signs for its account', async () => {
  const account = '0x00000000000000000000000000000000000a11cd';
  const domain = { name: 'Foresight Market', version: '1', chainId: 31337, verifyingContract: market };
  const cancel = await signCancel(wallet, 31337, market, '7', account);
  const fields = { CancelSaltRequest: [{ name: 'maker', type: 'address' }, { name: 'salt', type: 'uint256' }] };
  assert.deepEqual([cancel.maker, cancel.salt], [account, '7']);
  assert.equal(verifyTypedData(domain, fields, { maker: account, salt: '7' }, cancel.signature), wallet.address);
  const placed = await signOrder(wallet, 31337, terms, 7n, account);
  assert.equal(placed.request.order.maker, account);
  assert.notEqual(placed.orderId, (await signOrder(wallet, 31337, terms, 7n)).orderId);
});

test('the package is found by require as well, and is the same', () => {
  const required = createRequire(import.meta.url)('@foresight/client');
  assert.equal(typeof required.ForesightClient, 'function');
  assert.equal(typeof required.Vault, 'function');
});
