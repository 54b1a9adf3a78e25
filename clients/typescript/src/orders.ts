import { TypedDataEncoder, randomBytes, toBigInt, type Signer, type TypedDataField } from 'ethers';
import type { CancelOrderRequest, OrderTerms, PlaceOrderRequest, SignedOrder, SignedPlacement } from './types.js';
import { price, shares } from './units.js';

const orderTypes: Record<string, TypedDataField[]> = {
  Order: [
    { name: 'maker', type: 'address' },
    { name: 'outcomeIndex', type: 'uint256' },
    { name: 'isBuy', type: 'bool' },
    { name: 'price', type: 'uint256' },
    { name: 'amount', type: 'uint256' },
    { name: 'salt', type: 'uint256' },
    { name: 'expiry', type: 'uint256' },
  ],
};

const cancelTypes: Record<string, TypedDataField[]> = {
  CancelSaltRequest: [
    { name: 'maker', type: 'address' },
    { name: 'salt', type: 'uint256' },
  ],
};

const domainOf = (chainId: number, market: string) => ({ name: 'Foresight Market', version: '1', chainId, verifyingContract: market });

/**
 * @param salt Makes one order of several with the same terms, and is what a cancel names; by default a random one.
 * @param maker An account, such as a contract wallet, for which the signer's key is registered at the vault; by default the signer's own.
 * @throws RangeError for a price or an amount that the chain's units cannot hold exactly.
 */
export async function signOrder(
  signer: Signer, chainId: number, terms: OrderTerms, salt?: bigint, maker?: string,
): Promise<SignedPlacement> {
  const order: SignedOrder = {
    maker: maker ?? await signer.getAddress(),
    outcomeIndex: terms.outcomeIndex,
    isBuy: terms.isBuy,
    price: price(terms.price).toString(),
    amount: shares(terms.amount).toString(),
    // 128 bits, so that no two of an account meet.
    salt: (salt ?? toBigInt(randomBytes(16))).toString(),
    expiry: (terms.expiry ?? 0).toString(),
  };
  const domain = domainOf(chainId, terms.market);
  const request: PlaceOrderRequest = { market: terms.market, order, signature: await signer.signTypedData(domain, orderTypes, order) };
  for (const name of ['timeInForce', 'postOnly', 'selfTradePrevention', 'clientOrderId', 'purse', 'firmOnly'] as const)
    if (terms[name] !== undefined) Object.assign(request, { [name]: terms[name] });
  return { orderId: TypedDataEncoder.hash(domain, orderTypes, order), request };
}

/**
 * Cancels every order of the account in the market that has this salt.
 * @param account One for which the signer's key is registered at the vault, and in force; by default the signer's own.
 */
export async function signCancel(
  signer: Signer, chainId: number, market: string, salt: string, account?: string,
): Promise<CancelOrderRequest> {
  const maker = account ?? await signer.getAddress();
  return { market, maker, salt, signature: await signer.signTypedData(domainOf(chainId, market), cancelTypes, { maker, salt }) };
}

/** 64 bits: each number serves an account once. */
export const newNonce = (): bigint => toBigInt(randomBytes(8));
