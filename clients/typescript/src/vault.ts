import { Contract, Signature, type ContractTransactionReceipt, type Signer, type TypedDataField } from 'ethers';
import { sleep, type ForesightClient } from './client.js';
import { newNonce } from './orders.js';
import type { Chain } from './types.js';
import { formatShares, formatUsdc, shares, usdc } from './units.js';

const vaultAbi = [
  'function purseOf(address, uint256) view returns (uint256 free, uint256 leaving, uint256 readyBlock, uint256 readyTime)',
  'function deposit(uint256)', 'function depositWithPermit(address, uint256, uint256, uint8, bytes32, bytes32)',
  'function requestWithdrawal(uint256, uint256)', 'function cancelWithdrawal(uint256)', 'function finish(uint256, address)',
  'function withdrawNow(uint256, uint256, address, uint256, uint256, bytes)',
];
const usdcAbi = [
  'function allowance(address, address) view returns (uint256)', 'function approve(address, uint256) returns (bool)',
  'function nonces(address) view returns (uint256)', 'function name() view returns (string)',
  'function eip712Domain() view returns (bytes1, string, string, uint256, address, bytes32, uint256[])',
];
const tokenAbi = ['function safeTransferFrom(address, address, uint256, uint256, bytes)'];

const withdrawalFields: TypedDataField[] = [
  { name: 'account', type: 'address' }, { name: 'asset', type: 'uint256' }, { name: 'amount', type: 'uint256' },
  { name: 'nonce', type: 'uint256' }, { name: 'deadline', type: 'uint256' },
];
const permitFields: TypedDataField[] = [
  { name: 'owner', type: 'address' }, { name: 'spender', type: 'address' }, { name: 'value', type: 'uint256' },
  { name: 'nonce', type: 'uint256' }, { name: 'deadline', type: 'uint256' },
];

/** USDC, or the shares of one outcome. */
export interface VaultAsset {
  /** As the Api has it: "USDC", or "{marketId}:{outcome}". */
  name: string;
  /** As the vault has it: 0, or the id of the shares at the outcome token. */
  id: bigint;
}

export const usdcAsset: VaultAsset = { name: 'USDC', id: 0n };

/** @param market Its id and the address of its contract, as `GET /markets` has them. */
export const sharesAsset = (market: { id: number; address: string }, outcome: number): VaultAsset =>
  ({ name: `${market.id}:${outcome}`, id: (BigInt(market.address) << 8n) | BigInt(outcome) });

export interface Purse {
  /** Can be traded with, and withdrawn. */
  free: string;
  /** Requested to leave. A trade that was matched before still draws on it, after the free part. */
  leaving: string;
  /** Together with `readyTime` (Unix seconds): from when on it is paid; null if nothing is leaving. */
  readyBlock: number | null;
  readyTime: number | null;
}

/**
 * One account's way into the vault and out of it. Everything but {@link withdrawNow} needs the chain alone, so that an account leaves when
 * no relayer answers any more. Each call sends its transactions one after another, and resolves when the last one is mined.
 */
export class Vault {
  readonly #signer: Signer;
  readonly #chainId: number;
  readonly #vault: Contract;
  readonly #usdc: Contract;
  readonly #token: Contract;

  /** @param signer With a provider. @param chain Answer of `GET /chain`, or the same values from elsewhere. */
  constructor(signer: Signer, chain: Pick<Chain, 'chainId' | 'usdc' | 'outcomeToken' | 'vault'>) {
    if (!chain.vault) throw new RangeError('This exchange has no vault.');
    if (!signer.provider) throw new RangeError('The signer has no provider.');
    this.#signer = signer;
    this.#chainId = chain.chainId;
    this.#vault = new Contract(chain.vault, vaultAbi, signer);
    this.#usdc = new Contract(chain.usdc, usdcAbi, signer);
    this.#token = new Contract(chain.outcomeToken, tokenAbi, signer);
  }

  async purse(asset: VaultAsset): Promise<Purse> {
    const [free, leaving, readyBlock, readyTime] = await this.#vault.getFunction('purseOf')(await this.#signer.getAddress(), asset.id);
    const isLeaving = leaving > 0n;
    return {
      free: textOf(asset, free), leaving: textOf(asset, leaving),
      readyBlock: isLeaving ? Number(readyBlock) : null, readyTime: isLeaving ? Number(readyTime) : null,
    };
  }

  /** USDC of the wallet: approves exactly that much if less is approved, and deposits it. Shares: transfers them. */
  async deposit(asset: VaultAsset, amount: string): Promise<void> {
    const [account, vault, units] = [await this.#signer.getAddress(), await this.#vault.getAddress(), unitsOf(asset, amount)];
    if (asset.id !== 0n) {
      await this.#mined(this.#token, 'safeTransferFrom', account, vault, asset.id, units, '0x');
      return;
    }
    if (await this.#usdc.getFunction('allowance')(account, vault) < units) await this.#mined(this.#usdc, 'approve', vault, units);
    await this.#mined(this.#vault, 'deposit', units);
  }

  /**
   * USDC in one transaction, by an ERC-2612 permit instead of an approval.
   * @param version Of the token's EIP-712 domain, where the token does not give it by `eip712Domain()` (ERC-5267): "2" for USDC.
   * @param validFor Seconds within which the transaction must be mined.
   */
  async depositWithPermit(amount: string, { version, validFor = 1_200 }: { version?: string; validFor?: number } = {}): Promise<void> {
    const [owner, spender, value] = [await this.#signer.getAddress(), await this.#vault.getAddress(), usdc(amount)];
    const deadline = await this.#chainTime() + validFor;
    const nonce = await this.#usdc.getFunction('nonces')(owner);
    const message = { owner, spender, value, nonce, deadline };
    const signature = Signature.from(await this.#signer.signTypedData(await this.#usdcDomain(version), { Permit: permitFields }, message));
    await this.#mined(this.#vault, 'depositWithPermit', owner, value, deadline, signature.v, signature.r, signature.s);
  }

  /** Needs no relayer. The delay begins again for everything that is leaving of this asset. */
  async requestWithdrawal(asset: VaultAsset, amount: string): Promise<Purse> {
    await this.#mined(this.#vault, 'requestWithdrawal', asset.id, unitsOf(asset, amount));
    return this.purse(asset);
  }

  /** What was leaving can be traded with again, once the block is final. */
  async cancelWithdrawal(asset: VaultAsset): Promise<void> {
    await this.#mined(this.#vault, 'cancelWithdrawal', asset.id);
  }

  /** Pays all that is leaving, less what trades have drawn of it. Both the block and the time must have come. */
  async finish(asset: VaultAsset, to?: string): Promise<void> {
    await this.#mined(this.#vault, 'finish', asset.id, to ?? await this.#signer.getAddress());
  }

  /**
   * At once, with the relayer's co-signature. If this breaks off after the request, the amount is held until the deadline, and then it is
   * free again; the co-signature is at `GET /withdrawals/{address}/{nonce}` until then.
   * @param validFor Seconds, 60 to 3,600.
   */
  async withdrawNow(
    api: ForesightClient, asset: VaultAsset, amount: string,
    { to, validFor = 600, signal }: { to?: string; validFor?: number; signal?: AbortSignal } = {},
  ): Promise<void> {
    const [account, units, nonce] = [await this.#signer.getAddress(), unitsOf(asset, amount), newNonce()];
    const deadline = await this.#chainTime() + validFor;
    const domain = { name: 'Foresight Vault', version: '1', chainId: this.#chainId, verifyingContract: await this.#vault.getAddress() };
    const message = { account, asset: asset.id, amount: units, nonce, deadline };
    const signature = await this.#signer.signTypedData(domain, { WithdrawalRequest: withdrawalFields }, message);
    await api.requestWithdrawal(
      { account, asset: asset.name, amount: textOf(asset, units), nonce: nonce.toString(), deadline, signature },
      signal,
    );
    const coSignature = await coSignatureOf(api, account, nonce.toString(), deadline, signal);
    await this.#mined(this.#vault, 'withdrawNow', asset.id, units, to ?? account, nonce, deadline, coSignature);
  }

  /** Deadlines are compared with it, and a caller's clock may be wrong. */
  async #chainTime(): Promise<number> {
    return (await this.#signer.provider!.getBlock('latest'))!.timestamp;
  }

  async #usdcDomain(version?: string) {
    const common = { chainId: this.#chainId, verifyingContract: await this.#usdc.getAddress() };
    if (version !== undefined) return { name: await this.#usdc.getFunction('name')() as string, version, ...common };
    const [, name, stated] = await this.#usdc.getFunction('eip712Domain')();
    return { name: name as string, version: stated as string, ...common };
  }

  async #mined(contract: Contract, name: string, ...call: unknown[]): Promise<ContractTransactionReceipt> {
    const sent = await contract.getFunction(name)(...call);
    return await sent.wait() as ContractTransactionReceipt;
  }
}

/** As the Api takes it: with no more decimals than the unit has, whatever zeros were given. */
const textOf = (asset: VaultAsset, units: bigint): string => asset.id === 0n ? formatUsdc(units) : formatShares(units);

const unitsOf = (asset: VaultAsset, amount: string): bigint => asset.id === 0n ? usdc(amount) : shares(amount);

async function coSignatureOf(
  api: ForesightClient, account: string, nonce: string, deadline: number, signal?: AbortSignal,
): Promise<string> {
  for (;;) {
    const withdrawal = await api.withdrawal(account, nonce, signal);
    if (withdrawal?.coSignature) return withdrawal.coSignature;
    if (withdrawal?.state === 'lapsed' || Date.now() / 1_000 > deadline)
      throw new Error(`Withdrawal ${nonce} of ${account} was not co-signed before its deadline.`);
    await sleep(250, signal);
  }
}
