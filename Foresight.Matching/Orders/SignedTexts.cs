using System.Globalization;
using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Signing;

namespace Foresight.Matching.Orders;

/// <summary>The texts of a signed command, which anyone may have written. Each reads as null if it is malformed.</summary>
internal static class SignedTexts
{
    /// <summary>2^256 has 78 decimal digits.</summary>
    private const int SaltDigits = 78;

    public static BigInteger? Salt(string? text) =>
        text is { Length: > 0 and <= SaltDigits }
        && BigInteger.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var salt)
        && salt.GetByteCount(isUnsigned: true) <= Word.Size
            ? salt
            : null;

    /// <summary>Bounded, because a contract that does not read its signature would accept one that no transaction can hold.</summary>
    public static byte[]? Signature(string? hex)
    {
        if (hex is null || hex.Length > 2 + (2 * OrderSigning.MaxSignatureBytes))
            return null;
        try
        {
            return Hex.Decode(hex);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
