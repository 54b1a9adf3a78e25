using System.Globalization;
using System.Numerics;

namespace Foresight.Chain;

/// <summary>
/// Ethereum has two forms, and a node refuses the one in place of the other: data is "0x" and two digits for each byte, a quantity "0x" and
/// digits without leading zeros (ethereum.org, JSON-RPC API, "Hex encoding").
/// </summary>
public static class Hex
{
    public static string Encode(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    public static byte[] Decode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith("0x", StringComparison.Ordinal))
            throw new FormatException("Hex data must begin with 0x.");
        if (text.Length % 2 != 0)
            throw new FormatException($"Hex data has an odd number of digits ({text.Length - 2}).");
        try
        {
            return Convert.FromHexString(text.AsSpan(2));
        }
        catch (FormatException)
        {
            throw new FormatException("Hex data holds a character that is not a hexadecimal digit.");
        }
    }

    /// <summary>
    /// False unless the text fills <paramref name="into"/> exactly, so that a shorter or longer value never passes for an
    /// address or a hash.
    /// </summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> into)
    {
        if (text.Length != 2 + (2 * into.Length) || text[0] != '0' || text[1] != 'x')
            return false;
        return Convert.FromHexString(text[2..], into, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == into.Length;
    }

    public static string EncodeQuantity(BigInteger value)
    {
        if (value.Sign < 0)
            throw new ArgumentOutOfRangeException(nameof(value), "A quantity cannot be negative.");
        if (value.IsZero)
            return "0x0";
        return "0x" + value.ToString("x", CultureInfo.InvariantCulture).TrimStart('0');
    }

    public static BigInteger DecodeQuantity(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length is < 3 or > 66 || !text.StartsWith("0x", StringComparison.Ordinal))
            throw new FormatException($"'{Shorten(text)}' is not a quantity: 0x and 1 to 64 hexadecimal digits.");
        foreach (var digit in text.AsSpan(2))
        {
            if (!char.IsAsciiHexDigit(digit))
                throw new FormatException($"'{Shorten(text)}' is not a quantity: '{digit}' is not a digit.");
        }

        // A leading 0 keeps the parser from reading the first digit as a sign.
        return BigInteger.Parse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
    }

    /// <summary>An untrusted text enters a message, so its length is bounded.</summary>
    internal static string Shorten(string text) => text.Length <= 80 ? text : text[..77] + "...";
}
