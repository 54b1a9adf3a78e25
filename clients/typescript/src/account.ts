import type { Signer } from 'ethers';
import { sleep } from './client.js';
import type { OrdersMessage, WithdrawalsMessage } from './types.js';

/** What is needed of a `HubConnection` of @microsoft/signalr, to `/hubs/market` of any Api node. */
export interface Hub {
  on(event: string, handler: (body: any) => void): void;
  off(event: string, handler: (body: any) => void): void;
  invoke(method: string, ...values: unknown[]): Promise<unknown>;
  /** With automatic reconnects the account is followed again after each. */
  onreconnected(handler: (connection?: string) => void): void;
}

export type AccountTopic = 'orders' | 'withdrawals';

export interface AccountHandlers {
  orders?(message: OrdersMessage): void;
  /** Each change of a withdrawal's state, at most once. */
  withdrawals?(message: WithdrawalsMessage): void;
  /**
   * Messages were lost, or may have been while the connection was: read `GET /orders?maker=`, or `GET /withdrawals/{address}`.
   */
  missed?(topic: AccountTopic): void;
  /** The account could not be followed again after a reconnect: nothing of it comes any more. */
  failed?(error: unknown): void;
}

const topics: AccountTopic[] = ['orders', 'withdrawals'];

/**
 * Orders and withdrawals of the signer's own account as they change.
 * @param hub Started.
 * @returns What ends it.
 */
export async function followAccount(hub: Hub, signer: Signer, handlers: AccountHandlers): Promise<() => Promise<void>> {
  const account = (await signer.getAddress()).toLowerCase();
  let isFollowed = true;
  const listeners: [string, (body: any) => void][] = [
    ['orders', message => handlers.orders?.(message)],
    ['withdrawals', message => handlers.withdrawals?.(message)],
    ['continuity', ({ topic, state }: { topic: AccountTopic; state: string }) => {
      if (state === 'restored' && topics.includes(topic)) handlers.missed?.(topic);
    }],
  ];
  for (const [event, listener] of listeners) hub.on(event, listener);
  const stop = () => {
    isFollowed = false;
    for (const [event, listener] of listeners) hub.off(event, listener);
  };
  hub.onreconnected(() => {
    if (!isFollowed) return;
    // Another node may be on the other side, which knows nothing of this one.
    subscribe(hub, signer, account).then(() => topics.forEach(topic => handlers.missed?.(topic)), error => handlers.failed?.(error));
  });
  try {
    await subscribe(hub, signer, account);
  } catch (error) {
    stop();
    throw error;
  }
  return async () => {
    stop();
    await hub.invoke('UnsubscribeOrders', account);
  };
}

async function subscribe(hub: Hub, signer: Signer, account: string): Promise<void> {
  for (;;) {
    const issuedAt = Math.floor(Date.now() / 1_000);
    const signature = await signer.signMessage(`Foresight orders\n${account}\n${issuedAt}`);
    try {
      await hub.invoke('SubscribeOrders', account, issuedAt, signature);
      return;
    } catch (error) {
      // A node that has just started refuses it for a moment.
      if (!(error instanceof Error && error.message.includes('unavailable:'))) throw error;
      await sleep(250);
    }
  }
}
