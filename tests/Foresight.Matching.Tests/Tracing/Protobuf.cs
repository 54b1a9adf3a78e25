using System.Text;
using Google.Protobuf;

namespace Foresight.Matching.Tests.Tracing;

internal readonly record struct ProtobufField(int Tag, ulong Number, ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public string Hex => Convert.ToHexStringLower(Bytes.Span);

    public IEnumerable<ProtobufField> Fields => Protobuf.Read(Bytes);
}

/// <summary>Field numbers are enough to read OTLP, so no schema is needed.</summary>
internal static class Protobuf
{
    public static IEnumerable<ProtobufField> Read(ReadOnlyMemory<byte> message)
    {
        var input = new CodedInputStream(message.ToArray());
        while (input.ReadTag() is > 0 and var tag)
        {
            var number = WireFormat.GetTagFieldNumber(tag);
            yield return WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => new(number, input.ReadUInt64(), default),
                WireFormat.WireType.Fixed64 => new(number, input.ReadFixed64(), default),
                WireFormat.WireType.Fixed32 => new(number, input.ReadFixed32(), default),
                WireFormat.WireType.LengthDelimited => new(number, 0, input.ReadBytes().Memory),
                var other => throw new FormatException($"Wire type {other} is not one of OTLP's."),
            };
        }
    }
}
