using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foresight.Chain;

[JsonConverter(typeof(Hash32JsonConverter))]
public readonly struct Hash32 : IEquatable<Hash32>, IComparable<Hash32>, IParsable<Hash32>
{
    public const int Size = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    public Hash32(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"A hash has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public static Hash32 Zero => default;

    public bool IsZero => (_a | _b | _c | _d) == 0;

    public static Hash32 Parse(string text, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var hash)
            ? hash
            : throw new FormatException($"'{Hex.Shorten(text)}' is not a hash: 0x and 64 hexadecimal digits.");
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out Hash32 hash) => TryParse(text, null, out hash);

    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out Hash32 hash)
    {
        hash = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text is null || !Hex.TryDecode(text, bytes))
            return false;
        hash = new Hash32(bytes);
        return true;
    }

    /// <summary>First 8 bytes, big-endian: short enough to index, and unique enough to look up by.</summary>
    public ulong Prefix => _a;

    public void CopyTo(Span<byte> into)
    {
        BinaryPrimitives.WriteUInt64BigEndian(into, _a);
        BinaryPrimitives.WriteUInt64BigEndian(into[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(into[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(into[24..], _d);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Hex.Encode(bytes);
    }

    public bool Equals(Hash32 other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is Hash32 other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_a, _b, _c, _d);

    public int CompareTo(Hash32 other)
    {
        if (_a != other._a)
            return _a.CompareTo(other._a);
        if (_b != other._b)
            return _b.CompareTo(other._b);
        return _c != other._c ? _c.CompareTo(other._c) : _d.CompareTo(other._d);
    }

    public static bool operator ==(Hash32 left, Hash32 right) => left.Equals(right);

    public static bool operator !=(Hash32 left, Hash32 right) => !left.Equals(right);
}

public sealed class Hash32JsonConverter : JsonConverter<Hash32>
{
    public override Hash32 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Hash32.TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var hash)
            ? hash
            : throw new JsonException("A hash is 0x and 64 hexadecimal digits.");

    public override void Write(Utf8JsonWriter writer, Hash32 value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
