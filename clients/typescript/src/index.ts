export { followAccount, type AccountHandlers, type AccountTopic, type Hub } from './account.js';
export { ForesightClient, RefusedError, type ClientOptions } from './client.js';
export { signCancel, signOrder } from './orders.js';
export * from './types.js';
export { Vault, sharesAsset, usdcAsset, type Purse, type VaultAsset } from './vault.js';
