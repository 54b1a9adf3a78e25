using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Foresight.Chain;

/// <summary>
/// Text of mixed case must have its EIP-55 checksum, so that a mistyped address is refused; text of one case carries none.
/// Ordered by bytes.
/// </summary>
[JsonConverter(typeof(AddressJsonConverter))]
public readonly struct Address : IEquatable<Address>, IComparable<Address>, IParsable<Address>
{
    public const int Size = 20;

    private readonly ulong _high;
    private readonly ulong _middle;
    private readonly uint _low;

    public Address(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException($"An address has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _middle = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _low = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    public static Address Zero => default;

    public bool IsZero => (_high | _middle | _low) == 0;

    public static Address Parse(string text, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        Span<byte> bytes = stackalloc byte[Size];
        if (!Hex.TryDecode(text, bytes))
            throw new FormatException($"'{Hex.Shorten(text)}' is not an address: 0x and 40 hexadecimal digits.");
        var address = new Address(bytes);
        if (!address.AgreesWithCaseOf(text))
            throw new FormatException($"'{text}' is not an address: its upper and lower case do not match its EIP-55 checksum.");
        return address;
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out Address address) => TryParse(text, null, out address);

    public static bool TryParse([NotNullWhen(true)] string? text, IFormatProvider? provider, out Address address)
    {
        address = default;
        Span<byte> bytes = stackalloc byte[Size];
        if (text is null || !Hex.TryDecode(text, bytes))
            return false;
        var parsed = new Address(bytes);
        if (!parsed.AgreesWithCaseOf(text))
            return false;
        address = parsed;
        return true;
    }

    public static Address OfPublicKey(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != 64)
            throw new ArgumentException("A public key has 64 bytes.", nameof(publicKey));
        Span<byte> hash = stackalloc byte[Hash32.Size];
        Keccak256.Hash(publicKey, hash);
        return new Address(hash[12..]);
    }

    public void CopyTo(Span<byte> into)
    {
        BinaryPrimitives.WriteUInt64BigEndian(into, _high);
        BinaryPrimitives.WriteUInt64BigEndian(into[8..], _middle);
        BinaryPrimitives.WriteUInt32BigEndian(into[16..], _low);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>0x and 40 digits in lower case, the form that databases and log filters expect.</summary>
    public string ToLowerHex()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Hex.Encode(bytes);
    }

    /// <summary>In EIP-55 case, so that <see cref="Parse"/> can refuse a mistyped copy.</summary>
    public override string ToString() =>
        string.Create(
            42,
            this,
            static (text, address) =>
            {
                address.ToLowerHex().CopyTo(text);
                Span<byte> ascii = stackalloc byte[40];
                for (var i = 0; i < 40; i++)
                    ascii[i] = (byte)text[i + 2];
                Span<byte> hash = stackalloc byte[Hash32.Size];
                Keccak256.Hash(ascii, hash);
                for (var i = 0; i < 40; i++)
                {
                    var nibble = (hash[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xf;
                    if (nibble >= 8)
                        text[i + 2] = char.ToUpperInvariant(text[i + 2]);
                }
            }
        );

    public bool Equals(Address other) => _high == other._high && _middle == other._middle && _low == other._low;

    public override bool Equals(object? obj) => obj is Address other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_high, _middle, _low);

    public int CompareTo(Address other)
    {
        var byHigh = _high.CompareTo(other._high);
        if (byHigh != 0)
            return byHigh;
        var byMiddle = _middle.CompareTo(other._middle);
        return byMiddle != 0 ? byMiddle : _low.CompareTo(other._low);
    }

    public static bool operator ==(Address left, Address right) => left.Equals(right);

    public static bool operator !=(Address left, Address right) => !left.Equals(right);

    private bool AgreesWithCaseOf(string text)
    {
        var (upper, lower) = (false, false);
        foreach (var c in text.AsSpan(2))
        {
            upper |= char.IsAsciiLetterUpper(c);
            lower |= char.IsAsciiLetterLower(c);
        }

        return !(upper && lower) || ToString() == text;
    }
}

public sealed class AddressJsonConverter : JsonConverter<Address>
{
    public override Address Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Address.TryParse(reader.TokenType == JsonTokenType.String ? reader.GetString() : null, out var address)
            ? address
            : throw new JsonException("An address is 0x and 40 hexadecimal digits.");

    public override void Write(Utf8JsonWriter writer, Address value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}
