// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// The id of a share at the outcome token and at the vault: the market's address, and the outcome in the lowest byte.
function shareId(address market, uint256 outcomeIndex) pure returns (uint256) {
  return (uint256(uint160(market)) << 8) | outcomeIndex;
}

/// What a maker signs (EIP-712). `price` is micro-USDC per whole share; `amount` counts 10^-18 shares; `expiry` is the last
/// second at which it may be filled, 0 for never.
struct Order {
  address maker;
  uint256 outcomeIndex;
  bool isBuy;
  uint256 price;
  uint256 amount;
  uint256 salt;
  uint256 expiry;
}

/// One order's part in a match: how much of it is filled, and at which price. A buy may not pay more than its order permits,
/// a sell may not get less.
struct Leg {
  Order order;
  bytes signature;
  uint256 amount;
  uint256 price;
}

/// One trade as the relayer matched it: a buy and a sell of one outcome (direct), a buy of every outcome (mint), or a sell
/// of every outcome (merge).
///
/// The highest byte of `tradeId` names the purses: bit i is set where leg i draws on its maker's purse in the vault and is paid
/// there, clear where it does on their wallet. It is no part of the id. A byte that was zero before, so that a match of wallets is
/// encoded as it was and pays nothing for it.
struct Match {
  uint256 tradeId;
  Leg[] legs;
}

/// What a market takes at redemption, fixed when the market is made. `feeBps` of the payout; `protocolShareBps` of the fee
/// goes to `protocol`, the rest to `liquidity`.
struct FeeTerms {
  uint16 feeBps;
  uint16 protocolShareBps;
  address protocol;
  address liquidity;
}
