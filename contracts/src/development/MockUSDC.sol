// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// Stands for USDC on a development chain: 6 decimals, ERC-2612 permits, anybody may mint, and anybody may block an account, which the real
/// one's issuer can do (its `blacklist`). Never deploy it where money is.
contract MockUSDC is ERC20("USD Coin", "USDC"), ERC20Permit("USD Coin") {
  mapping(address account => bool) public isBlocked;

  function decimals() public pure override returns (uint8) {
    return 6;
  }

  function mint(address to, uint256 amount) external {
    _mint(to, amount);
  }

  /// Nothing moves to or from a blocked account.
  function setBlocked(address account, bool blocked) external {
    isBlocked[account] = blocked;
  }

  function _update(address from, address to, uint256 amount) internal override {
    require(!isBlocked[from] && !isBlocked[to], "Blacklistable: account is blacklisted");
    super._update(from, to, amount);
  }
}
