import { parseUnits, formatUnits } from 'ethers';

/** 0.01 share, in the chain's 18 decimals: the smallest step of an amount. */
const lot = 10n ** 16n;

/**
 * The exchange rounds nothing, so what its units cannot hold is refused here, before it is signed. Amounts are decimal strings, because a
 * JavaScript number is not exact.
 */
function exact(text: string, decimals: number, what: string): bigint {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new RangeError(`${what} is a decimal number without a sign; "${text}" is none.`);
  if ((text.split('.')[1]?.replace(/0+$/, '').length ?? 0) > decimals)
    throw new RangeError(`${what} has at most ${decimals} decimals; "${text}" has more.`);
  return parseUnits(text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text, decimals);
}

/** "0.55" → 550000: micro-USDC per share. */
export function price(text: string): bigint {
  const ticks = exact(text, 4, 'A price');
  if (ticks <= 0n || ticks >= 10_000n) throw new RangeError('A price is above 0 and below 1.');
  return ticks * 100n;
}

/** "12.5" → 12500000000000000000: shares with 18 decimals. */
export function shares(text: string): bigint {
  const lots = exact(text, 2, 'An amount of shares');
  if (lots === 0n) throw new RangeError('An amount of shares is above 0.');
  return lots * lot;
}

/** "12.5" → 12500000: micro-USDC. */
export function usdc(text: string): bigint {
  const micros = exact(text, 6, 'An amount of USDC');
  if (micros === 0n) throw new RangeError('An amount of USDC is above 0.');
  return micros;
}

export const formatUsdc = (micros: bigint): string => trimmed(formatUnits(micros, 6));

export const formatShares = (units: bigint): string => trimmed(formatUnits(units, 18));

const trimmed = (text: string): string => text.replace(/\.0$/, '');
