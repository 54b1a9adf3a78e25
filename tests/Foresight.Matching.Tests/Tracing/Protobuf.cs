using System.Buffers.Binary;
using System.Text;

namespace Foresight.Matching.Tests.Tracing;

/// <summary>One field of a protobuf message: a number in <see cref="Number"/>, or bytes.</summary>
internal readonly record struct ProtobufField(int Tag, ulong Number, ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public string Hex => Convert.ToHexStringLower(Bytes.Span);

    public IEnumerable<ProtobufField> Fields => Protobuf.Read(Bytes);
}

/// <summary>Reads protobuf's wire format without a schema: enough for OTLP.</summary>
internal static class Protobuf
{
    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        while (message.Length > 0)
        {
            var key = Varint(ref message);
            yield return Field((int)(key >> 3), (int)(key & 7), ref message);
        }
    }

    private static ProtobufField Field(int tag, int wireType, ref ReadOnlyMemory<byte> rest)
    {
        switch (wireType)
        {
            case 0: return new(tag, Varint(ref rest), default);
            case 1: return new(tag, BinaryPrimitives.ReadUInt64LittleEndian(Take(8, ref rest).Span), default);
            case 2: return new(tag, 0, Take((int)Varint(ref rest), ref rest));
            case 5: return new(tag, BinaryPrimitives.ReadUInt32LittleEndian(Take(4, ref rest).Span), default);
            default: throw new FormatException($"Wire type {wireType} is not one of OTLP's.");
        }
    }

    private static ReadOnlyMemory<byte> Take(int length, ref ReadOnlyMemory<byte> rest)
    {
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> rest)
    {
        var (value, shift) = (0UL, 0);
        while (true)
        {
            var next = Take(1, ref rest).Span[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
            shift += 7;
        }
    }
}
