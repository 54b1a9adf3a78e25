import type {
  Cancelled, CancelOrderRequest, Chain, OrderView, PlacedOrder, SignedPlacement, Withdrawal, WithdrawalRequest,
} from './types.js';

/** The exchange refused it: nothing was done. `code` is one of the problem codes of the Api's description. */
export class RefusedError extends Error {
  constructor(readonly status: number, readonly code: string, detail?: string) {
    super(`${status} ${code}${detail ? `: ${detail}` : ''}`);
    this.name = 'RefusedError';
  }
}

export interface ClientOptions {
  fetch?: typeof fetch;
  /** Milliseconds that one attempt may take; longer than the Api waits through a failover. */
  timeout?: number;
}

type Answer =
  | { kind: 'done'; body: unknown }
  | { kind: 'refused'; status: number; code: string; detail?: string }
  /** 429 or 503: nothing was done, so the same bytes may be sent again. */
  | { kind: 'busy'; retryAfter?: number }
  /** It may have taken effect, so its fate is asked for before anything else is done. */
  | { kind: 'unknown' };

const [firstPause, longestPause, longestRetryAfter] = [50, 2_000, 30_000];

/**
 * Speaks to the Api nodes in turn, and waits out an outage: an order whose answer was lost is asked for by its id, then sent again byte for
 * byte under the same Idempotency-Key. Each call goes on until the fate of its request is known, or `signal` ends it.
 */
export class ForesightClient {
  readonly #nodes: string[];
  readonly #fetch: typeof fetch;
  readonly #timeout: number;
  #turn = 0;

  /** @param nodes Addresses of Api nodes, such as "http://localhost:5080". */
  constructor(nodes: string | string[], options: ClientOptions = {}) {
    this.#nodes = [nodes].flat().map(node => node.replace(/\/+$/, ''));
    if (this.#nodes.length === 0) throw new RangeError('At least one address of an Api node is needed.');
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
    this.#timeout = options.timeout ?? 20_000;
  }

  async chain(signal?: AbortSignal): Promise<Chain> {
    return (await this.get<Chain>('/chain', signal))!;
  }

  /** @throws RefusedError if the order was not taken. */
  async place(placement: SignedPlacement, signal?: AbortSignal): Promise<PlacedOrder> {
    let inDoubt = false;
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send('POST', '/orders', signal, placement.request, { 'idempotency-key': placement.orderId });
      if (answer.kind === 'done') return answer.body as PlacedOrder;
      if (answer.kind === 'refused' && !(inDoubt && answer.code === 'duplicate_order')) throw refusal(answer);
      if (answer.kind !== 'busy') {
        inDoubt = true;
        const found = await this.order(placement.orderId, signal);
        // One that the book refused is found too, because its hash stays used.
        if (found?.status === 'rejected') throw new RefusedError(422, found.reason ?? 'rejected');
        if (found) return found;
      }
      await pause(answer, attempt, signal);
    }
  }

  /** Null if the salt had no order and the cancel is not remembered either. */
  async cancel(request: CancelOrderRequest, signal?: AbortSignal): Promise<Cancelled | null> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send('POST', '/orders/cancel', signal, request);
      if (answer.kind === 'done') return answer.body as Cancelled;
      if (answer.kind === 'refused') {
        if (answer.code === 'unknown_order' || answer.code === 'cancel_on_chain') return null;
        throw refusal(answer);
      }
      await pause(answer, attempt, signal);
    }
  }

  order(orderId: string, signal?: AbortSignal): Promise<OrderView | null> {
    return this.get<OrderView>(`/orders/${orderId}`, signal);
  }

  /** Returns once it is durable. The co-signature follows: {@link withdrawal}. */
  async requestWithdrawal(request: WithdrawalRequest, signal?: AbortSignal): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send('POST', '/withdrawals', signal, request);
      if (answer.kind === 'done') return;
      if (answer.kind === 'refused' && (attempt === 0 || answer.code !== 'duplicate_order')) throw refusal(answer);
      // One whose answer was lost has its nonce: it is found, or was never taken.
      if (answer.kind !== 'busy' && await this.withdrawal(request.account, request.nonce, signal)) return;
      await pause(answer, attempt, signal);
    }
  }

  withdrawal(account: string, nonce: string, signal?: AbortSignal): Promise<Withdrawal | null> {
    return this.get<Withdrawal>(`/withdrawals/${account}/${nonce}`, signal);
  }

  /** Null for 404 only: an outage is waited out, so it never looks like something that does not exist. */
  async get<T>(path: string, signal?: AbortSignal): Promise<T | null> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#send('GET', path, signal);
      if (answer.kind === 'done') return answer.body as T;
      if (answer.kind === 'refused' && answer.status === 404) return null;
      if (answer.kind === 'refused') throw refusal(answer);
      await pause(answer, attempt, signal);
    }
  }

  async #send(
    method: string, path: string, signal?: AbortSignal, body?: unknown, headers: Record<string, string> = {},
  ): Promise<Answer> {
    signal?.throwIfAborted();
    const node = this.#nodes[this.#turn++ % this.#nodes.length];
    const ends = AbortSignal.timeout(this.#timeout);
    try {
      const response = await this.#fetch(node + path, {
        method,
        headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal ? AbortSignal.any([signal, ends]) : ends,
      });
      return await read(response);
    } catch (error) {
      signal?.throwIfAborted();
      // The request may have arrived although its answer did not.
      return { kind: 'unknown' };
    }
  }
}

async function read(response: Response): Promise<Answer> {
  // A success whose body cannot be read may be a proxy's, or have broken off: the caller takes the error for an unknown fate.
  if (response.status === 200 || response.status === 201) return { kind: 'done', body: await response.json() };
  const problem = await response.json().catch(() => null) as { code?: unknown; detail?: unknown } | null;
  const code = typeof problem?.code === 'string' ? problem.code : undefined;
  if (response.status === 202 || code === 'in_doubt') return { kind: 'unknown' };
  if (response.status === 429 || response.status === 503) {
    const seconds = Number(response.headers.get('retry-after') ?? NaN);
    return seconds >= 0 ? { kind: 'busy', retryAfter: Math.min(seconds * 1_000, longestRetryAfter) } : { kind: 'busy' };
  }
  if (response.status < 400 || response.status >= 500) return { kind: 'unknown' };
  const refused = { kind: 'refused', status: response.status, code: code ?? `http_${response.status}` } as const;
  return typeof problem?.detail === 'string' ? { ...refused, detail: problem.detail } : refused;
}

const refusal = (answer: Extract<Answer, { kind: 'refused' }>) => new RefusedError(answer.status, answer.code, answer.detail);

function pause(answer: Answer, attempt: number, signal?: AbortSignal): Promise<void> {
  const asked = answer.kind === 'busy' ? answer.retryAfter : undefined;
  // A Retry-After of 0 is not obeyed, because it would make the loop a flood.
  const wait = Math.max(asked ?? Math.min(firstPause * 2 ** Math.min(attempt, 10), longestPause), firstPause);
  return sleep(wait, signal);
}

export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => { clearTimeout(timer); reject(signal!.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', end); resolve(); }, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
}
