using System.Buffers.Binary;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// Derives the request id of a command that the leader itself makes (an expiry, a new market) from its place in the journal, so that
/// matching stays free of randomness. A UUID of version 8 (RFC 9562), which cannot collide with a caller's random UUID of version 4.
/// </summary>
internal static class OwnRequestId
{
    public static Guid Of(int shard, long epoch, long sequence)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)shard);
        BinaryPrimitives.WriteInt32BigEndian(bytes[2..], (int)epoch);
        bytes[6] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], sequence);
        // RFC 9562 puts the variant into the two highest bits of this byte; no sequence is large enough to reach them.
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
