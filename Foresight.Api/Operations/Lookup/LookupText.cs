using System.Globalization;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations.Lookup;

/// <summary>
/// The meanings of a text that an operator typed or pasted, which may be several: "123456" is an id and six digits of a hash.
/// </summary>
public sealed record LookupText
{
    /// <summary>As long as an idempotency key may be.</summary>
    public const int MaxLength = 128;

    /// <summary>Fewer would be the beginning of too many: six match one of 16 million.</summary>
    public const int MinHexDigits = 6;

    private LookupText(string text)
    {
        Text = text;
        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        if (digits.Length >= MinHexDigits && digits.All(char.IsAsciiHexDigit))
        {
            Hash = RangeOf(digits, Hash32.Size);
            Address = RangeOf(digits, Chain.Address.Size);
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            Number = number;
    }

    public string Text { get; }

    public BytesRange? Hash { get; }

    public BytesRange? Address { get; }

    public long? Number { get; }

    /// <summary>Null for a text that nothing can match.</summary>
    public static LookupText? Of(string? text) =>
        text?.Trim() is { Length: > 0 and <= MaxLength } trimmed && !trimmed.Any(char.IsControl) ? new LookupText(trimmed) : null;

    private static BytesRange? RangeOf(string digits, int size) =>
        digits.Length > 2 * size
            ? null
            : new BytesRange(
                Convert.FromHexString(digits.PadRight(2 * size, '0')),
                Convert.FromHexString(digits.PadRight(2 * size, 'f')),
                IsWhole: digits.Length == 2 * size
            );
}

/// <summary>The bytes that begin with some digits are one range of an index.</summary>
public sealed record BytesRange(byte[] First, byte[] Last, bool IsWhole);

public readonly record struct LookupParameters([FromQuery(Name = "q")] string? Query = null) : ICheckedParameters
{
    internal LookupText Text => LookupText.Of(Query) ?? throw new InvalidOperationException("The text was not checked.");

    Problem? ICheckedParameters.Problem =>
        LookupText.Of(Query) is null
            ? Problem.Malformed($"q must have 1 to {LookupText.MaxLength} characters, and no control characters.")
            : null;
}
