using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Lookup;

/// <param name="Rank">0 is the best.</param>
public readonly record struct RankedHit(int Rank, LookupHit Hit);

public static class LookupRules
{
    public const int Exact = 0;
    private const int Beginning = 1;
    private const int Within = 2;

    /// <summary>A single letter is within nearly every name and question.</summary>
    private const int MinWithin = 2;

    public static int Rank(bool isExact) => isExact ? Exact : Beginning;

    /// <returns>Null: no hit.</returns>
    public static int? RankOf(LookupText text, Market market) =>
        text.Number == market.Id ? Exact
        : text.Address is { } range && IsIn(range, market.Address.ToBytes()) ? Rank(range.IsWhole)
        : RankOf(text, market.Question);

    /// <returns>Null: no hit.</returns>
    public static int? RankOf(LookupText text, string name) =>
        name.Equals(text.Text, StringComparison.OrdinalIgnoreCase) ? Exact
        : text.Text.Length < MinWithin ? null
        : name.StartsWith(text.Text, StringComparison.OrdinalIgnoreCase) ? Beginning
        : name.Contains(text.Text, StringComparison.OrdinalIgnoreCase) ? Within
        : null;

    /// <summary>What is found in two ways is one hit, in the better of them.</summary>
    public static IReadOnlyList<LookupHit> Best(IEnumerable<RankedHit> hits, int limit) =>
        [
            .. hits.OrderBy(hit => hit.Rank)
                .ThenBy(hit => KindOrder(hit.Hit.Kind))
                .Select(hit => hit.Hit)
                .DistinctBy(hit => (hit.Kind, hit.Id))
                .Take(limit),
        ];

    private static int KindOrder(string kind)
    {
        for (var i = 0; i < LookupKinds.All.Count; i++)
        {
            if (LookupKinds.All[i] == kind)
                return i;
        }

        return LookupKinds.All.Count;
    }

    private static bool IsIn(BytesRange range, ReadOnlySpan<byte> bytes) =>
        bytes.SequenceCompareTo(range.First) >= 0 && bytes.SequenceCompareTo(range.Last) <= 0;
}
