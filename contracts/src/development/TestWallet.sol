// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// A contract wallet (ERC-1271) that misbehaves on request, for tests of what a hostile one can do. Holds shares and USDC
/// like any account; its owner makes it call whatever is needed.
contract TestWallet {
  enum Mode {
    /// Valid where the owner's key signed.
    Honest,
    Invalid,
    /// Burns all gas it is given.
    GasBomb,
    /// Answers with 100 kB.
    ReturnBomb,
    Reverts,
    /// The right word without the check: valid, whatever the signature is.
    Anything
  }

  address public immutable owner;
  Mode public mode;
  /// What it calls in the middle of a transfer of shares to it; zero: nothing.
  address public reactionTarget;
  bytes public reactionData;
  /// Of the last reaction.
  bool public reacted;
  bool public reactionDone;

  constructor(address owner_) {
    owner = owner_;
  }

  function setMode(Mode mode_) external {
    require(msg.sender == owner, "only the owner");
    mode = mode_;
  }

  /// Called with every plain transfer of shares to it, whatever comes of the call.
  function setReaction(address target, bytes calldata data) external {
    require(msg.sender == owner, "only the owner");
    (reactionTarget, reactionData) = (target, data);
    (reacted, reactionDone) = (false, false);
  }

  function onERC1155Received(address, address, uint256, uint256, bytes calldata) external returns (bytes4) {
    if (mode == Mode.Reverts) revert("no");
    if (reactionTarget != address(0)) {
      (bool done, ) = reactionTarget.call(reactionData);
      (reacted, reactionDone) = (true, done);
    }
    return this.onERC1155Received.selector;
  }

  function execute(address target, bytes calldata data) external returns (bytes memory result) {
    require(msg.sender == owner, "only the owner");
    bool done;
    (done, result) = target.call(data);
    if (!done) {
      assembly ("memory-safe") {
        revert(add(result, 32), mload(result))
      }
    }
  }

  function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
    if (mode == Mode.GasBomb) {
      uint256 x;
      while (true) x = uint256(keccak256(abi.encode(x)));
    }
    if (mode == Mode.ReturnBomb) {
      assembly {
        return(0, 100000)
      }
    }
    if (mode == Mode.Reverts) revert("no");
    if (mode == Mode.Invalid) return 0xffffffff;
    if (mode == Mode.Anything) return 0x1626ba7e;
    if (signature.length != 65) return 0xffffffff;
    bytes32 r = bytes32(signature[:32]);
    bytes32 s = bytes32(signature[32:64]);
    return ecrecover(hash, uint8(signature[64]), r, s) == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
  }
}
