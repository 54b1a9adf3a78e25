/** `GET /chain`. */
export interface Chain {
  chainId: number;
  factory: string;
  usdc: string;
  outcomeToken: string;
  confirmations: number;
  /** Absent or null: there is none. */
  vault?: string | null;
  withdrawalBlocks?: number | null;
  withdrawalSeconds?: number | null;
}

/** Of `GET /markets` and `GET /markets/{id}`. */
export interface Market {
  id: number;
  address: string;
  question: string;
  outcomes: string[];
  tickSize: string;
  state: string;
  closesAt: string | null;
  resolvedOutcome: number | null;
  /** Orders of the vault alone are taken; one of the wallet is refused as `firm_required`. */
  firmOnly: boolean;
}

export interface SignedOrder {
  maker: string;
  outcomeIndex: number;
  isBuy: boolean;
  price: string;
  amount: string;
  salt: string;
  expiry: string;
}

/** What is signed, and beside it what the exchange is asked for. */
export interface OrderTerms {
  /** Address of the market's contract. */
  market: string;
  outcomeIndex: number;
  isBuy: boolean;
  /** USDC per share, such as "0.55". */
  price: string;
  /** Shares, such as "12.5". */
  amount: string;
  timeInForce?: 'GTC' | 'GTD' | 'IOC' | 'FOK';
  postOnly?: boolean;
  /** Unix seconds. */
  expiry?: number;
  selfTradePrevention?: 'cancel_newest' | 'cancel_oldest' | 'cancel_both';
  clientOrderId?: string;
  purse?: 'vault' | 'wallet' | 'either';
  firmOnly?: boolean;
}

/** Body of `POST /orders`. */
export interface PlaceOrderRequest {
  market: string;
  order: SignedOrder;
  signature: string;
  timeInForce?: string;
  postOnly?: boolean;
  selfTradePrevention?: string;
  clientOrderId?: string;
  purse?: string;
  firmOnly?: boolean;
}

/** A retry sends the same bytes, so that it cannot become a second order. */
export interface SignedPlacement {
  orderId: string;
  request: PlaceOrderRequest;
}

export interface Fill {
  tradeId: number;
  price: string;
  amount: string;
  liquidity: string;
  settlement: string;
}

export interface PlacedOrder {
  orderId: string;
  status: string;
  filledAmount: string;
  remainingAmount: string;
  fills: Fill[];
  epoch: number;
  sequence: number;
}

export interface OrderView extends PlacedOrder {
  marketId: number;
  market: string;
  maker: string;
  price: string;
  requestedAmount: string;
  reason: string | null;
  purse: string;
  firmOnly: boolean;
}

export interface CancelOrderRequest {
  market: string;
  maker: string;
  salt: string;
  signature: string;
}

export interface Cancelled {
  cancelled: string[];
  epoch: number;
  sequence: number;
}

export interface WithdrawalRequest {
  account: string;
  asset: string;
  amount: string;
  nonce: string;
  deadline: number;
  signature: string;
}

export interface Withdrawal {
  account: string;
  asset: string;
  amount: string;
  nonce: string;
  deadline: number;
  state: 'granted' | 'co_signed' | 'paying' | 'paid' | 'expired' | 'lapsed';
  vaultAsset: string;
  vaultAmount: string;
  coSignature: string | null;
  grantedAt: string;
  /** Block in which the vault has paid it; absent or null before that. */
  paidBlock?: number | null;
}

/** Of a withdrawal by request, or by co-signature (`granted` to `lapsed`). */
export type WithdrawalState =
  | 'leaving' | 'ready' | 'cancelled' | 'finished' | 'drawn'
  | 'granted' | 'co_signed' | 'expired' | 'paying' | 'paid' | 'lapsed';

/** One change of a withdrawal's state; of a request also of what is leaving. */
export interface WithdrawalUpdate {
  account: string;
  /** "USDC", or "{marketId}:{outcome}". With the account it names a request; a co-signed withdrawal has a nonce. */
  asset: string;
  /** What is leaving still, or what was when it ended. */
  amount: string;
  kind: 'request' | 'co_signature';
  state: WithdrawalState;
  /** From when a request can be paid, or until when a co-signature is taken. */
  deadline: string;
  /** Of a request: the delay is over when this block and the deadline have come. */
  readyBlock: number | null;
  nonce: string | null;
  /** In which a request last changed, or a co-signature was paid. */
  block: number | null;
  transactionHash: string | null;
}

/** The place is settlement's own, and of another series than that of orders. */
export interface WithdrawalsMessage {
  epoch: number;
  sequence: number;
  withdrawals: WithdrawalUpdate[];
}

export interface OrderUpdate {
  owner: string;
  orderId: string;
  marketId: number;
  kind: 'accepted' | 'filled' | 'reduced' | 'cancelled' | 'expired' | 'trade_settled' | 'trade_bust';
  status: string;
  filledAmount: string;
  remainingAmount: string;
  fill: Fill | null;
  reason: string | null;
  epoch: number;
  sequence: number;
}

export interface OrdersMessage {
  epoch: number;
  sequence: number;
  updates: OrderUpdate[];
  shard: number;
}
