import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Wallet, verifyMessage } from 'ethers';
import { followAccount } from '@foresight/client';

const wallet = new Wallet(`0x${'11'.repeat(32)}`);
const account = wallet.address.toLowerCase();

/** Hands events to whatever listens, and keeps the calls; the first `refusals` calls are refused. */
function hubOfTest(refusals = []) {
  const handlers = [];
  const hub = {
    calls: [],
    on: (event, handler) => handlers.push([event, handler]),
    off: (event, handler) => handlers.splice(handlers.findIndex(one => one[0] === event && one[1] === handler), 1),
    invoke: async (...call) => {
      hub.calls.push(call);
      const refused = refusals.shift();
      if (refused) throw new Error(`An unexpected error occurred. HubException: ${refused}`);
    },
    onreconnected: handler => { hub.reconnect = handler; },
    send: (event, body) => handlers.filter(one => one[0] === event).forEach(one => one[1](body)),
    count: () => handlers.length,
  };
  return hub;
}

const message = { epoch: 3, sequence: 9, withdrawals: [{ account, asset: 'USDC', amount: '5', kind: 'request', state: 'ready' }] };

test('the owner proves the account, and gets its messages', async () => {
  const hub = hubOfTest();
  const seen = [];
  const stop = await followAccount(hub, wallet, {
    withdrawals: one => seen.push(one.withdrawals[0].state),
    orders: one => seen.push(one.updates.length),
    missed: topic => seen.push(topic),
  });
  const [method, address, issuedAt, signature] = hub.calls[0];
  assert.deepEqual([method, address], ['SubscribeOrders', account]);
  assert.ok(Math.abs(Date.now() / 1_000 - issuedAt) < 10);
  assert.equal(verifyMessage(`Foresight orders\n${account}\n${issuedAt}`, signature), wallet.address);
  hub.send('withdrawals', message);
  hub.send('orders', { epoch: 1, sequence: 2, updates: [{}, {}], shard: 0 });
  for (const state of ['lost', 'restored']) {
    hub.send('continuity', { topic: 'withdrawals', market: 0, state });
    hub.send('continuity', { topic: 'depth', market: 1, state });
  }
  assert.deepEqual(seen, ['ready', 2, 'withdrawals']);
  await stop();
  assert.deepEqual([hub.calls.at(-1), hub.count()], [['UnsubscribeOrders', account], 0]);
});

test('a node that is not ready is asked again, and another refusal is an error', async () => {
  const hub = hubOfTest(['unavailable: this node cannot serve it yet; try again.']);
  await followAccount(hub, wallet, {});
  assert.equal(hub.calls.length, 2);
  const refusing = hubOfTest(['unauthorized: the signature is not the owner\'s.']);
  await assert.rejects(followAccount(refusing, wallet, {}), /unauthorized/);
  assert.equal(refusing.count(), 0);
});

test('after a reconnect the account is followed again, and what was missed is to be read', async () => {
  const hub = hubOfTest();
  const missed = [];
  const both = new Promise(resolve => followAccount(hub, wallet, {
    missed: topic => missed.push(topic) === 2 && resolve(),
  }).then(() => hub.reconnect()));
  await both;
  assert.deepEqual([missed, hub.calls.length], [['orders', 'withdrawals'], 2]);
});

test('a reconnect to a node that refuses is reported', async () => {
  const refusals = [];
  const hub = hubOfTest(refusals);
  const failed = new Promise(resolve => followAccount(hub, wallet, { failed: resolve }).then(() => {
    refusals.push('unauthorized: too old.');
    hub.reconnect();
  }));
  assert.match((await failed).message, /unauthorized/);
});
