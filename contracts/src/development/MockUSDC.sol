// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Stands for USDC on a development chain: 6 decimals, and anybody may mint. Never deploy it where money is.
contract MockUSDC is ERC20("USD Coin", "USDC") {
  function decimals() public pure override returns (uint8) {
    return 6;
  }

  function mint(address to, uint256 amount) external {
    _mint(to, amount);
  }
}
