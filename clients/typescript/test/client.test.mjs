// An Api that answers what a test has written down, because a real one cannot be made to lose an answer at a given moment.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { ForesightClient, RefusedError } from '@foresight/client';

const placement = { orderId: `0x${'ab'.repeat(32)}`, request: { market: '0x1', order: {}, signature: '0x' } };
const taken = { orderId: placement.orderId, status: 'open', filledAmount: '0', remainingAmount: '1', fills: [], epoch: 3, sequence: 9 };

let server, url, script, seen;

before(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    seen.push({ line: `${request.method} ${request.url}`, key: request.headers['idempotency-key'], body });
    const next = script.shift();
    if (!next) return response.writeHead(500).end();
    if (next === 'lost') return request.socket.destroy();
    const [status, content, headers = {}] = next;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof content === 'string' ? content : JSON.stringify(content));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());
beforeEach(() => { script = []; seen = []; });

const lines = () => seen.map(one => one.line);

test('an order whose answer was lost is asked for, and not sent again when it is found', async () => {
  script = ['lost', [200, taken]];
  assert.equal((await new ForesightClient(url).place(placement)).sequence, 9);
  assert.deepEqual(lines(), ['POST /orders', `GET /orders/${placement.orderId}`]);
});

test('one that is not found is sent again, byte for byte under the same key', async () => {
  script = [[504, { code: 'in_doubt' }], [404, { code: 'not_found' }], [201, taken]];
  await new ForesightClient([url, `${url}/`]).place(placement);
  const posts = seen.filter(one => one.line.startsWith('POST'));
  assert.equal(posts.length, 2);
  assert.deepEqual(posts[0], posts[1]);
  assert.equal(posts[0].key, placement.orderId);
});

test('a duplicate after a lost answer is the order itself, and without doubt a refusal', async () => {
  script = [[202, { code: 'in_doubt' }], [404, {}], [409, { code: 'duplicate_order' }], [200, taken]];
  assert.equal((await new ForesightClient(url).place(placement)).status, 'open');
  script = [[409, { code: 'duplicate_order', detail: 'It is there.' }]];
  await assert.rejects(new ForesightClient(url).place(placement), new RefusedError(409, 'duplicate_order', 'It is there.'));
});

test('an order that was found to be rejected is a refusal', async () => {
  script = ['lost', [200, { ...taken, status: 'rejected', reason: 'self_trade' }]];
  await assert.rejects(new ForesightClient(url).place(placement), { code: 'self_trade', status: 422 });
});

test('a busy Api is asked again, and a success that cannot be read has an unknown fate', async () => {
  script = [[503, { code: 'not_leader' }], [429, {}, { 'retry-after': '0' }], [201, '<html>'], [200, taken]];
  assert.equal((await new ForesightClient(url).place(placement)).sequence, 9);
});

test('a withdrawal whose answer was lost is asked for by its nonce', async () => {
  script = ['lost', [404, {}], [409, { code: 'duplicate_order' }], [200, { nonce: '7' }]];
  await new ForesightClient(url).requestWithdrawal({ account: '0x2', nonce: '7' });
  assert.deepEqual(lines(), ['POST /withdrawals', 'GET /withdrawals/0x2/7', 'POST /withdrawals', 'GET /withdrawals/0x2/7']);
  script = [[409, { code: 'duplicate_order' }]];
  await assert.rejects(new ForesightClient(url).requestWithdrawal({ account: '0x2', nonce: '7' }), { code: 'duplicate_order' });
});

test('a cancel that meets nothing is null', async () => {
  script = [[404, { code: 'unknown_order' }]];
  assert.equal(await new ForesightClient(url).cancel({}), null);
});

test('a caller who ends it is obeyed at once, and their reason is the error', async () => {
  script = [[503, {}, { 'retry-after': '30' }]];
  const ends = new AbortController();
  const call = new ForesightClient(url).order('0x1', ends.signal);
  while (seen.length === 0) await new Promise(resolve => setImmediate(resolve));
  ends.abort(new Error('enough'));
  await assert.rejects(call, { message: 'enough' });
});
