using System.Buffers.Binary;

namespace Foresight.Matching.Engine.Snapshots;

internal ref struct SnapshotDecoder(ReadOnlySpan<byte> from)
{
    private ReadOnlySpan<byte> _rest = from;

    public readonly bool AtEnd => _rest.IsEmpty;

    public long Word() => BinaryPrimitives.ReadInt64LittleEndian(Take(sizeof(long)));

    public int Half() => BinaryPrimitives.ReadInt32LittleEndian(Take(sizeof(int)));

    public byte Byte() => Take(1)[0];

    /// <summary>
    /// Rejects a number of items that exceeds the rest of the input, at this many bytes each, before any memory is reserved for it.
    /// </summary>
    public int Count(int bytesEach)
    {
        var count = Half();
        if (count < 0 || count > _rest.Length / bytesEach)
            throw new FormatException("the snapshot is cut off");
        return count;
    }

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (_rest.Length < bytes)
            throw new FormatException("the snapshot is cut off");
        var taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}
