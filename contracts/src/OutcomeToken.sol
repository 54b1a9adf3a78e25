// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";

/// Shares of all markets, 18 decimals. The id of a share is its market's address followed by the outcome in the lowest byte:
/// a contract can mint and burn only under its own address, so nothing has to be listed or trusted here.
///
/// Shares that arrive by a mint or a trade do not call the receiver (`onERC1155Received`). A receiver's code in the middle
/// of a settlement would let it burn the batch's gas or revert a match that it already agreed to by its signature. Plain
/// transfers between holders do call it, as ERC-1155 demands.
contract OutcomeToken is ERC1155 {
  error OnlyFactory();
  error BadOutcome(uint256 outcomeIndex);

  string public constant name = "Foresight Outcome";
  string public constant symbol = "FSHARE";
  uint8 public constant decimals = 18;

  /// The one contract that traders approve.
  address public immutable factory;

  constructor() ERC1155("") {
    factory = msg.sender;
  }

  /// A larger index would reach into the bits of the address, and so become a share of another market.
  function idOf(address market, uint256 outcomeIndex) public pure returns (uint256) {
    if (outcomeIndex > type(uint8).max) revert BadOutcome(outcomeIndex);
    return (uint256(uint160(market)) << 8) | outcomeIndex;
  }

  /// By a market, of its own outcomes.
  function mint(address to, uint256 outcomeIndex, uint256 amount) external {
    _move(address(0), to, idOf(msg.sender, outcomeIndex), amount);
  }

  /// By a market, of its own outcomes. A market burns only what its own caller holds (redeem, merge of a set).
  function burn(address from, uint256 outcomeIndex, uint256 amount) external {
    _move(from, address(0), idOf(msg.sender, outcomeIndex), amount);
  }

  /// By the factory on behalf of one of its markets, with the holder's approval of the factory. To the zero address: burns.
  function move(address from, address to, uint256 id, uint256 amount) external {
    if (msg.sender != factory) revert OnlyFactory();
    if (!isApprovedForAll(from, factory)) revert ERC1155MissingApprovalForAll(factory, from);
    _move(from, to, id, amount);
  }

  function _move(address from, address to, uint256 id, uint256 amount) private {
    uint256[] memory ids = new uint256[](1);
    uint256[] memory amounts = new uint256[](1);
    ids[0] = id;
    amounts[0] = amount;
    _update(from, to, ids, amounts);
  }
}
