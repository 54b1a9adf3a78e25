using System.Buffers.Binary;

namespace Foresight.Matching.Sequencing;

/// <summary>
/// The request id of a command that nobody asked for (an expiry, a new market): made of its place in the journal, so that no randomness
/// enters the pipeline. A UUID of version 8, which no caller's random id is.
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
        // The variant, in the two highest bits, which no sequence reaches.
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
