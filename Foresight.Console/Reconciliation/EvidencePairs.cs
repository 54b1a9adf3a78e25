using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Foresight.Protocol;

namespace Foresight.Console.Reconciliation;

/// <param name="Name">As in the evidence; a fill has the same number on both sides.</param>
/// <param name="OnChain">Null if that side does not have the field.</param>
/// <param name="Differs">Both sides have it and it is not the same, or one lacks the whole fill.</param>
public sealed record EvidencePair(string Name, string? OnChain, string? InJournal, bool Differs);

/// <summary>
/// Both sides of a discrepancy, field by field. A field that only one side ever has (the journal's state, the chain's block hash) is no
/// difference; a fill that only one side has is.
/// </summary>
public static partial class EvidencePairs
{
    private const int UsdcDecimals = 6;
    private const int ShareDecimals = 18;

    public static IReadOnlyList<EvidencePair> Align(string? onChain, string? inJournal)
    {
        var (chain, journal) = (EvidenceLines.Of(onChain), EvidenceLines.Of(inJournal));
        var (chainFills, journalFills) = (FillsOf(chain), FillsOf(journal));
        // The chain's order, because the journal has to follow the chain; what only the journal has comes after it.
        var places = chainFills.Values.Concat(journalFills.Values).Distinct().Select((fill, i) => (fill, i)).ToDictionary();
        var (left, right) = (Named(chain, chainFills, places), Named(journal, journalFills, places));
        var areBoth = left.Count > 0 && right.Count > 0;
        return
        [
            .. left
                .Keys.Union(right.Keys)
                .OrderBy(name =>
                    Fill().Match(name) is { Success: true } fill ? int.Parse(fill.Groups[1].Value, CultureInfo.InvariantCulture) : -1
                )
                .Select(name =>
                {
                    var (one, other) = (left.GetValueOrDefault(name), right.GetValueOrDefault(name));
                    var isOneSided = one is null || other is null;
                    return new EvidencePair(name, one, other, areBoth && one != other && (!isOneSided || Fill().IsMatch(name)));
                }),
        ];
    }

    /// <summary>In units that a person reads. What is no number of such a unit is shown as it is.</summary>
    /// <param name="market">Of the discrepancy; null if it has none, or it is not known yet.</param>
    public static string Shown(string name, string value, MarketView? market) =>
        name[(name.LastIndexOf('.') + 1)..] switch
        {
            "price" when Decimal(value, UsdcDecimals) is { } usdc => $"{usdc} USDC",
            "amount" when Decimal(value, ShareDecimals) is { } shares => $"{shares} shares",
            "isBuy" when bool.TryParse(value, out var isBuy) => isBuy ? "buy" : "sell",
            "outcome"
            or "outcomeIndex"
                when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var outcome)
                    && market?.Outcomes.ElementAtOrDefault(outcome) is { } called => called,
            _ => value,
        };

    /// <summary>By digits, because a double would round money.</summary>
    private static string? Decimal(string value, int decimals)
    {
        if (!BigInteger.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return null;
        var digits = value.TrimStart('0').PadLeft(decimals + 1, '0');
        var fraction = digits[^decimals..].TrimEnd('0');
        return $"{digits[..^decimals]}.{fraction.PadRight(2, '0')}";
    }

    /// <summary>By the number that the side gives it. One without an order's hash is identified by its number.</summary>
    private static Dictionary<string, string> FillsOf(IReadOnlyList<(string Name, string Value)> lines)
    {
        var hashes = lines
            .Where(line => line.Name.EndsWith("].orderHash", StringComparison.Ordinal) && Fill().IsMatch(line.Name))
            .GroupBy(line => Fill().Match(line.Name).Groups[1].Value)
            .ToDictionary(fill => fill.Key, fill => fill.First().Value);
        return lines
            .Select(line => Fill().Match(line.Name))
            .Where(fill => fill.Success)
            .Select(fill => fill.Groups[1].Value)
            .Distinct()
            .ToDictionary(number => number, number => hashes.GetValueOrDefault(number, $"#{number}"));
    }

    private static Dictionary<string, string> Named(
        IReadOnlyList<(string Name, string Value)> lines,
        Dictionary<string, string> fills,
        Dictionary<string, int> places
    )
    {
        var named = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in lines)
            // Two fills of one order stand below one number; the second is not lost.
            named.TryAdd(Unique(Fill().Replace(name, fill => $"fills[{places[fills[fill.Groups[1].Value]] + 1}]")), value);
        return named;

        string Unique(string name) => named.ContainsKey(name) ? $"{name} (again)" : name;
    }

    [GeneratedRegex(@"^fills\[(\d+)\]")]
    private static partial Regex Fill();
}
