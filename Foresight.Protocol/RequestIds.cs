using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Foresight.Protocol;

/// <summary>
/// The journal knows each command by its request id, and by nothing else. So an id that others can compute must belong to the command that
/// it is computed from, or a trader's command could take the id of a fact before the fact comes (docs/decisions/0443). Computed ids are
/// UUIDs of version 8 (RFC 9562) whose four bits after the version name their origin; a trader's command without an idempotency key has a
/// random one, of version 4.
/// </summary>
public static class RequestIds
{
    /// <summary>Must not change, because the journal keeps ids. 0 was the leader's before there were tags.</summary>
    private enum Origin : byte
    {
        Chain = 1,
        Key = 2,
        Leader = 3,
    }

    /// <summary>
    /// Of an order with an idempotency key: the same on every node and after every restart, so that the journal itself rejects a second
    /// order under the key.
    /// </summary>
    public static Guid OfKey(string maker, string key) => Tagged(HashOfKey(maker, key), Origin.Key);

    /// <summary>What an older Api node sends, and older rows of the journal have.</summary>
    public static Guid UntaggedOfKey(string maker, string key) => new(HashOfKey(maker, key).AsSpan(0, 16));

    /// <summary>
    /// Of a fact of the chain, from its content: the same fact has the same id on every node and after every crash, so the leader applies
    /// it once however often it is sent.
    /// </summary>
    public static Guid OfFact(params ReadOnlySpan<string> words) => Tagged(HashOf(words), Origin.Chain);

    /// <summary>Of a fact that is absolute, so that sending it under two ids is harmless.</summary>
    public static Guid OfNewFact() => Tagged(Guid.NewGuid().ToByteArray(), Origin.Chain);

    /// <summary>What older matching nodes send, and older rows of the journal have.</summary>
    public static Guid UntaggedOfFact(params ReadOnlySpan<string> words) => new(HashOf(words).AsSpan(0, 16), bigEndian: true);

    /// <summary>
    /// Of a command that the leader itself makes, from its place in the journal, so that matching stays free of randomness.
    /// </summary>
    public static Guid OfLeader(int shard, long epoch, long sequence)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)shard);
        BinaryPrimitives.WriteInt32BigEndian(bytes[2..], (int)epoch);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], sequence);
        return Tagged(bytes, Origin.Leader);
    }

    /// <summary>
    /// False if the command's id belongs to another origin. Facts of older matching nodes have no tag; the term of their sender vouches for
    /// them, so of those only the leader's own ids are refused.
    /// </summary>
    public static bool MayCarry(LeaderCommand command) =>
        command switch
        {
            PlaceOrder { IdempotencyKey: { } key } order => IsRandom(order.RequestId)
                || order.RequestId == OfKey(order.Maker, key)
                || order.RequestId == UntaggedOfKey(order.Maker, key),
            PlaceOrder or GrantWithdrawal or CancelBySalt { Signature: not null } => IsRandom(command.RequestId),
            _ => !IsLeaders(command.RequestId),
        };

    private static bool IsRandom(Guid id) => id.Version == 4 && HasVariant(id);

    /// <summary>
    /// A hash without a tag may have any four bits, so the zeros count too that every id of a leader has: the high byte of the shard and
    /// the byte after the tag.
    /// </summary>
    private static bool IsLeaders(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return bytes[6] == TagOf(Origin.Leader) && HasVariant(id) && bytes[0] == 0 && bytes[7] == 0;
    }

    private static bool HasVariant(Guid id) => id.Variant is >= 8 and <= 11;

    private static byte TagOf(Origin origin) => (byte)(0x80 | (byte)origin);

    private static Guid Tagged(ReadOnlySpan<byte> content, Origin origin)
    {
        Span<byte> bytes = stackalloc byte[16];
        content[..16].CopyTo(bytes);
        bytes[6] = TagOf(origin);
        // RFC 9562 puts the variant into the two highest bits of this byte; no leader's sequence is large enough to reach them.
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static byte[] HashOfKey(string maker, string key) =>
        SHA256.HashData(Encoding.UTF8.GetBytes(maker.ToLowerInvariant() + "\n" + key));

    private static byte[] HashOf(ReadOnlySpan<string> words) => SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('|', words)));
}
