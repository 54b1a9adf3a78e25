// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {FeeTerms} from "./Types.sol";
import {Market} from "./Market.sol";
import {MarketFactory} from "./MarketFactory.sol";
import {OutcomeToken} from "./OutcomeToken.sol";
import {Vault} from "./Vault.sol";

/// Carries the markets' code, which has no room in the factory (24,576 bytes, EIP-170). Anybody may have a market made here, but it
/// has its caller for a factory, and a factory knows only those that it asked for.
contract MarketDeployer {
  function deploy(
    bytes32 questionHash,
    uint256 outcomes,
    IERC20 usdc,
    OutcomeToken outcomeToken,
    Vault vault,
    FeeTerms calldata terms
  ) external returns (Market) {
    return new Market(MarketFactory(msg.sender), questionHash, outcomes, usdc, outcomeToken, vault, terms);
  }
}
