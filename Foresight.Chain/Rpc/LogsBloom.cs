namespace Foresight.Chain.Rpc;

/// <summary>
/// The block's hash covers this filter (yellow paper, section 4.4.3), so a node that omits logs contradicts it: an entry that is not in the
/// filter is certainly not in the block.
/// </summary>
public static class LogsBloom
{
    public const int Size = 256;

    public static LogsBloomBits Of(Address address) => new(Keccak256.Hash(address.ToBytes()));

    public static LogsBloomBits Of(Hash32 topic) => new(Keccak256.Hash(topic.ToBytes()));
}

public readonly struct LogsBloomBits
{
    private readonly int _first;
    private readonly int _second;
    private readonly int _third;

    internal LogsBloomBits(Hash32 hash)
    {
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        hash.CopyTo(bytes);
        _first = ((bytes[0] << 8) | bytes[1]) & 2047;
        _second = ((bytes[2] << 8) | bytes[3]) & 2047;
        _third = ((bytes[4] << 8) | bytes[5]) & 2047;
    }

    /// <summary>
    /// False is certain. A filter of another size is none and shows nothing, so everything may be in its block.
    /// </summary>
    public bool MayBeIn(ReadOnlySpan<byte> bloom) =>
        bloom.Length != LogsBloom.Size || (IsSet(bloom, _first) && IsSet(bloom, _second) && IsSet(bloom, _third));

    private static bool IsSet(ReadOnlySpan<byte> bloom, int bit) => (bloom[LogsBloom.Size - 1 - (bit / 8)] >> (bit % 8) & 1) == 1;
}
