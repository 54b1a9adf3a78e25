using System.Numerics;
using System.Text.Json.Nodes;
using Nethereum.RPC.Eth.DTOs;

namespace Foresight.Chain.Rpc;

public readonly record struct BlockRef
{
    private readonly string? _tag;
    private readonly Hash32? _hash;

    private BlockRef(string? tag, Hash32? hash) => (_tag, _hash) = (tag, hash);

    public static BlockRef Latest => new("latest", null);
    public static BlockRef Pending => new("pending", null);

    public static BlockRef Number(long number) => new(Hex.EncodeQuantity(number), null);

    /// <summary>Exactly this block; an error if a reorganisation has removed it (EIP-1898).</summary>
    public static BlockRef Hash(Hash32 hash) => new(null, hash);

    public static implicit operator BlockRef(long number) => Number(number);

    internal Hash32? BlockHash => _hash;

    internal JsonNode ToJson() =>
        _hash is { } hash
            ? new JsonObject { ["blockHash"] = hash.ToString(), ["requireCanonical"] = true }
            : JsonValue.Create(_tag ?? "latest");

    /// <exception cref="NotSupportedException">The block is given by hash, which Nethereum's services do not support.</exception>
    internal BlockParameter ToParameter()
    {
        if (_hash is not null)
            throw new NotSupportedException("Accounts are read at a block's number, or at latest or pending.");
        var block = new BlockParameter();
        if (_tag == "pending")
            block.SetValue(BlockParameter.BlockParameterType.pending);
        else if (_tag is not (null or "latest"))
            block.SetValue(_tag);
        return block;
    }

    public override string ToString() => _hash?.ToString() ?? _tag ?? "latest";
}

/// <param name="Timestamp">Unix seconds.</param>
/// <param name="BaseFeePerGas">Wei; zero before EIP-1559.</param>
/// <param name="LogsBloom">Filter of the contracts that may have logs in the block, see
/// <see cref="Rpc.LogsBloom"/>. Null if the node omits it.</param>
public sealed record BlockHeader(
    long Number,
    Hash32 Hash,
    Hash32 ParentHash,
    long Timestamp,
    BigInteger BaseFeePerGas,
    long GasUsed,
    long GasLimit,
    byte[]? LogsBloom = null
);

/// <param name="Index">Index of the log in its block.</param>
/// <param name="IsRemoved">True if a reorganisation removed the log; never in a read by range.</param>
public sealed record EventLog(
    Address Address,
    IReadOnlyList<Hash32> Topics,
    byte[] Data,
    long BlockNumber,
    Hash32 BlockHash,
    Hash32 TransactionHash,
    int TransactionIndex,
    int Index,
    bool IsRemoved
);

public sealed record TransactionReceipt(
    Hash32 TransactionHash,
    int TransactionIndex,
    bool Succeeded,
    long BlockNumber,
    Hash32 BlockHash,
    Address From,
    Address? To,
    Address? ContractAddress,
    long GasUsed,
    IReadOnlyList<EventLog> Logs
);

/// <param name="Gas">Gas limit of the call; null uses the node's limit.</param>
public sealed record CallRequest(Address To, byte[] Data, Address? From = null, long? Gas = null, BigInteger? Value = null);

public sealed record CallResult(byte[] Data, RpcException? Revert)
{
    /// <exception cref="RpcException">The call reverted.</exception>
    public byte[] Required() => Revert is null ? Data : throw Revert;
}

/// <summary>Selects logs, either of a range with both ends included, or of one block by hash.</summary>
public sealed record LogFilter
{
    public long FromBlock { get; init; }
    public long ToBlock { get; init; }

    /// <summary>Excludes a range.</summary>
    public Hash32? BlockHash { get; init; }

    /// <summary>Empty selects logs of every contract.</summary>
    public IReadOnlyList<Address> Addresses { get; init; } = [];

    /// <summary>Accepted topics for each position; an empty list accepts all.</summary>
    public IReadOnlyList<IReadOnlyList<Hash32>> Topics { get; init; } = [];
}

/// <summary>Fees to offer in a type 2 transaction, in wei per unit of gas.</summary>
public readonly record struct FeeSuggestion(BigInteger BaseFeePerGas, BigInteger MaxPriorityFeePerGas)
{
    /// <summary>
    /// Twice the base fee suffices for the next six blocks even if all are full:
    /// each raises it by at most an eighth (EIP-1559), and 1.125^5 is below 2.
    /// </summary>
    public BigInteger MaxFeePerGas => (2 * BaseFeePerGas) + MaxPriorityFeePerGas;
}
