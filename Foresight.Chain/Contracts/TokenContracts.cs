using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

/// <summary>USDC as far as this system uses it; on a development chain contracts/src/development/MockUSDC.sol.</summary>
public sealed class UsdcContract(EthereumClient client, Address address)
{
    public static readonly AbiFunction ApproveFunction = AbiFunction.Parse("approve(address spender, uint256 amount) returns (bool)");
    public static readonly AbiFunction TransferFunction = AbiFunction.Parse("transfer(address to, uint256 amount) returns (bool)");
    public static readonly AbiFunction BalanceOfFunction = AbiFunction.Parse("balanceOf(address account) returns (uint256 amount)");
    public static readonly AbiFunction AllowanceFunction =
        AbiFunction.Parse("allowance(address owner, address spender) returns (uint256 amount)");
    public static readonly AbiFunction MintFunction = AbiFunction.Parse("mint(address to, uint256 amount)");
    public static readonly AbiFunction SetBlockedFunction = AbiFunction.Parse("setBlocked(address account, bool blocked)");
    public static readonly AbiEvent TransferEvent = AbiEvent.Parse("Transfer(address indexed from, address indexed to, uint256 value)");
    public static readonly AbiEvent ApprovalEvent =
        AbiEvent.Parse("Approval(address indexed owner, address indexed spender, uint256 value)");

    public Address Address => address;

    public static byte[] Creation() => ContractArtifact.MockUsdc.Creation("()");

    public static byte[] Approve(Address spender, BigInteger amount) => ApproveFunction.Encode(spender, amount);

    public static byte[] Transfer(Address to, BigInteger amount) => TransferFunction.Encode(to, amount);

    /// <summary>Of the development token only.</summary>
    public static byte[] Mint(Address to, BigInteger amount) => MintFunction.Encode(to, amount);

    /// <summary>Of the development token only: what the issuer of the real one can do to an account.</summary>
    public static byte[] SetBlocked(Address account, bool blocked) => SetBlockedFunction.Encode(account, blocked);

    public async Task<BigInteger> BalanceOfAsync(Address account, BlockRef block = default, CancellationToken cancel = default)
        => await ReadAsync(BalanceOfFunction, block, cancel, account);

    public async Task<BigInteger> AllowanceAsync(
        Address owner, Address spender, BlockRef block = default, CancellationToken cancel = default)
        => await ReadAsync(AllowanceFunction, block, cancel, owner, spender);

    private async Task<BigInteger> ReadAsync(
        AbiFunction function, BlockRef block, CancellationToken cancel, params IReadOnlyList<object?> arguments)
        => function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancel))
            .Integer("amount");
}

/// <summary>contracts/src/OutcomeToken.sol: the shares of all markets.</summary>
public sealed class OutcomeTokenContract(EthereumClient client, Address address)
{
    public static readonly AbiFunction SetApprovalForAllFunction = AbiFunction.Parse("setApprovalForAll(address operator, bool approved)");
    public static readonly AbiFunction IsApprovedForAllFunction =
        AbiFunction.Parse("isApprovedForAll(address account, address operator) returns (bool approved)");
    public static readonly AbiFunction BalanceOfFunction =
        AbiFunction.Parse("balanceOf(address account, uint256 id) returns (uint256 amount)");
    public static readonly AbiFunction SafeTransferFromFunction =
        AbiFunction.Parse("safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)");

    public static readonly AbiEvent TransferSingleEvent =
        AbiEvent.Parse("TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value)");

    public static readonly AbiEvent TransferBatchEvent =
        AbiEvent.Parse(
            "TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values)");

    public static readonly AbiEvent ApprovalForAllEvent =
        AbiEvent.Parse("ApprovalForAll(address indexed account, address indexed operator, bool approved)");

    public Address Address => address;

    /// <summary>The id of a share: its market's address and, in the lowest byte, the outcome.</summary>
    public static BigInteger IdOf(Address market, int outcome) =>
        (new BigInteger(market.ToBytes(), isUnsigned: true, isBigEndian: true) << 8) | outcome;

    /// <summary>The other way round; false for a number that is no id.</summary>
    public static bool TryReadId(BigInteger id, out Address market, out int outcome)
    {
        (market, outcome) = (default, (int)(id & 0xff));
        var high = id >> 8;
        if (id.Sign < 0 || high.GetBitLength() > 160) return false;
        market = new Address(Word.ToBytes(high).AsSpan(12));
        return true;
    }

    public static byte[] SetApprovalForAll(Address spender, bool approved) => SetApprovalForAllFunction.Encode(spender, approved);

    public static byte[] SafeTransferFrom(Address from, Address to, BigInteger id, BigInteger amount)
        => SafeTransferFromFunction.Encode(from, to, id, amount, Array.Empty<byte>());

    public async Task<BigInteger> BalanceOfAsync(
        Address account, BigInteger id, BlockRef block = default, CancellationToken cancel = default)
        => (await ReadAsync(BalanceOfFunction, block, cancel, account, id)).Integer("amount");

    public async Task<bool> IsApprovedForAllAsync(
        Address account, Address spender, BlockRef block = default, CancellationToken cancel = default)
        => (await ReadAsync(IsApprovedForAllFunction, block, cancel, account, spender)).Bool("approved");

    private async Task<AbiValues> ReadAsync(
        AbiFunction function, BlockRef block, CancellationToken cancel, params IReadOnlyList<object?> arguments)
        => function.DecodeOutput(await client.CallAsync(new CallRequest(address, function.Encode(arguments)), block, cancel));
}
