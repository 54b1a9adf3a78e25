using System.Numerics;
using System.Text.Json.Nodes;
using Nethereum.RPC.Eth.DTOs;

namespace Foresight.Chain.Rpc;

/// <summary>Which block a read is about. A number converts to it.</summary>
public readonly record struct BlockRef
{
    private readonly string? _tag;
    private readonly Hash32? _hash;

    private BlockRef(string? tag, Hash32? hash) => (_tag, _hash) = (tag, hash);

    public static BlockRef Latest => new("latest", null);
    public static BlockRef Pending => new("pending", null);

    public static BlockRef Number(long number) => new(Hex.EncodeQuantity(number), null);

    /// <summary>Exactly this block, or an error where a reorganisation removed it (EIP-1898).</summary>
    public static BlockRef Hash(Hash32 hash) => new(null, hash);

    public static implicit operator BlockRef(long number) => Number(number);

    /// <summary>Null unless it is a hash.</summary>
    internal Hash32? BlockHash => _hash;

    internal JsonNode ToJson() =>
        _hash is { } hash
            ? new JsonObject { ["blockHash"] = hash.ToString(), ["requireCanonical"] = true }
            : JsonValue.Create(_tag ?? "latest");

    /// <exception cref="NotSupportedException">It is a hash, which Nethereum's services do not take.</exception>
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
/// <param name="LogsBloom">What says which contracts may have logs in the block: see <see cref="Rpc.LogsBloom"/>. Null: the node does not
/// tell.</param>
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

/// <param name="Index">Of the log in its block.</param>
/// <param name="IsRemoved">The node says that a reorganisation undid it; never from a read by range.</param>
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

/// <param name="ContractAddress">Of the contract that the transaction made.</param>
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

/// <param name="Gas">Bound of what the call may burn; null: the node's.</param>
public sealed record CallRequest(Address To, byte[] Data, Address? From = null, long? Gas = null, BigInteger? Value = null);

/// <summary>One call of a batch: what it returned, or why it reverted.</summary>
public sealed record CallResult(byte[] Data, RpcException? Revert)
{
    /// <exception cref="RpcException">The call reverted.</exception>
    public byte[] Required() => Revert is null ? Data : throw Revert;
}

/// <summary>Which logs to read. Either a range, both ends included, or one block by hash.</summary>
public sealed record LogFilter
{
    public long FromBlock { get; init; }
    public long ToBlock { get; init; }

    /// <summary>Instead of a range.</summary>
    public Hash32? BlockHash { get; init; }

    /// <summary>Empty: of every contract.</summary>
    public IReadOnlyList<Address> Addresses { get; init; } = [];

    /// <summary>Per position the topics of which one must be there; an empty list lets all through.</summary>
    public IReadOnlyList<IReadOnlyList<Hash32>> Topics { get; init; } = [];
}

/// <summary>What a type 2 transaction should offer, in wei per unit of gas.</summary>
public readonly record struct FeeSuggestion(BigInteger BaseFeePerGas, BigInteger MaxPriorityFeePerGas)
{
    /// <summary>Twice the base fee: valid for six full blocks in a row, of which each may raise it by an eighth (EIP-1559).</summary>
    public BigInteger MaxFeePerGas => (2 * BaseFeePerGas) + MaxPriorityFeePerGas;
}
