// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// EIP-712 of the contracts' domains (version "1"), and signatures by keys and by contract wallets.
library Signatures {
  /// What a contract wallet's check may burn. A Safe with three owners takes about 40,000, a passkey checked in Solidity
  /// about 200,000.
  uint256 internal constant WALLET_GAS = 250_000;

  bytes4 private constant ERC1271_VALID = 0x1626ba7e;
  bytes32 private constant DOMAIN_TYPE_HASH =
    keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
  uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

  function separator(bytes32 nameHash) internal view returns (bytes32) {
    return keccak256(abi.encode(DOMAIN_TYPE_HASH, nameHash, keccak256("1"), block.chainid, address(this)));
  }

  function digest(bytes32 domainSeparator, bytes32 structHash) internal pure returns (bytes32) {
    return keccak256(abi.encodePacked("\x19\x01", domainSeparator, structHash));
  }

  /// The key's own signature, else the answer of the account's code, if it has any (ERC-1271).
  function isValid(address account, bytes32 hash, bytes calldata signature) internal view returns (bool) {
    address signer = recover(hash, signature);
    if (signer != address(0) && signer == account) return true;
    return account.code.length > 0 && _walletAgrees(account, hash, signature);
  }

  /// A key's signature is 65 bytes with low s and v 27 or 28: one byte string per signature, no EIP-2098. Zero for anything
  /// else.
  function recover(bytes32 hash, bytes calldata signature) internal pure returns (address) {
    if (signature.length != 65) return address(0);
    uint8 v = uint8(signature[64]);
    bytes32 s = bytes32(signature[32:64]);
    if ((v != 27 && v != 28) || uint256(s) > HALF_ORDER) return address(0);
    return ecrecover(hash, v, bytes32(signature[:32]), s);
  }

  /// Bounded in gas, and in what is read of the answer: one word, however long it is.
  function _walletAgrees(address wallet, bytes32 hash, bytes calldata signature) private view returns (bool agrees) {
    bytes memory request = abi.encodeWithSelector(ERC1271_VALID, hash, signature);
    uint256 gasBound = WALLET_GAS;
    bytes32 answer;
    assembly ("memory-safe") {
      agrees := staticcall(gasBound, wallet, add(request, 32), mload(request), 0, 32)
      agrees := and(agrees, gt(returndatasize(), 31))
      answer := mload(0)
    }
    return agrees && answer == bytes32(ERC1271_VALID);
  }
}
