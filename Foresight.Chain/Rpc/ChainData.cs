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

    /// <summary>Exactly this block: a read fails instead of mixing two branches if a reorganisation has removed it (EIP-1898).</summary>
    public static BlockRef Hash(Hash32 hash) => new(null, hash);

    public static implicit operator BlockRef(long number) => Number(number);

    internal Hash32? BlockHash => _hash;

    internal JsonNode ToJson() =>
        _hash is { } hash
            ? new JsonObject { ["blockHash"] = hash.ToString(), ["requireCanonical"] = true }
            : JsonValue.Create(_tag ?? "latest");

    /// <exception cref="NotSupportedException">
    /// The block is given by hash, because Nethereum's services take numbers and tags only.
    /// </exception>
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
/// <param name="LogsBloom">Shows that a node omits logs, see <see cref="Rpc.LogsBloom"/>. Null if the node omits it.</param>
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

/// <param name="BlockNumber">Null while it waits.</param>
public sealed record ChainTransaction(Hash32 Hash, Address From, Address? To, byte[] Input, long? BlockNumber);

public sealed record CallRequest(Address To, byte[] Data, Address? From = null, long? Gas = null, BigInteger? Value = null);

public sealed record CallResult(byte[] Data, RpcException? Revert)
{
    public byte[] Required() => Revert is null ? Data : throw Revert;
}

/// <summary>
/// A range with both ends included, or, if <see cref="BlockHash"/> is set, that block alone: eth_getLogs refuses both together (EIP-234).
/// Empty addresses or topics accept all.
/// </summary>
public sealed record LogFilter
{
    public long FromBlock { get; init; }
    public long ToBlock { get; init; }

    public Hash32? BlockHash { get; init; }

    public IReadOnlyList<Address> Addresses { get; init; } = [];

    public IReadOnlyList<IReadOnlyList<Hash32>> Topics { get; init; } = [];
}

public readonly record struct FeeSuggestion(BigInteger BaseFeePerGas, BigInteger MaxPriorityFeePerGas)
{
    /// <summary>
    /// Twice the base fee suffices for the next six blocks even if all are full, because each raises it by at most an eighth (EIP-1559),
    /// and 1.125^5 is below 2.
    /// </summary>
    public BigInteger MaxFeePerGas => (2 * BaseFeePerGas) + MaxPriorityFeePerGas;
}
