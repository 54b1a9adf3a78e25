using System.Buffers;
using System.Buffers.Binary;

namespace Foresight.Matching.Engine.Snapshots;

/// <summary>Writes little-endian words in blocks, so that the buffer is asked for memory rarely.</summary>
internal ref struct SnapshotEncoder(IBufferWriter<byte> into)
{
    private const int Block = 1 << 16;

    private Span<byte> _free;
    private int _used;

    public void Word(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(sizeof(long)), value);

    public void Half(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(sizeof(int)), value);

    public void Byte(byte value) => Take(1)[0] = value;

    public void Finish() => into.Advance(_used);

    private Span<byte> Take(int bytes)
    {
        if (_free.Length - _used < bytes)
        {
            into.Advance(_used);
            _free = into.GetSpan(Block);
            _used = 0;
        }

        var taken = _free.Slice(_used, bytes);
        _used += bytes;
        return taken;
    }
}
