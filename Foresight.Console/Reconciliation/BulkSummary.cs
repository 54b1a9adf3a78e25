using Foresight.Console.Live;
using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Reconciliation;

/// <summary>What one decision about many discrepancies would be about, so that an operator sees it before it is made.</summary>
/// <param name="Usdc">Sum of the known amounts.</param>
/// <param name="Unknown">How many have no known amount.</param>
public sealed record BulkSummary(int Count, decimal Usdc, int Unknown, IReadOnlyList<(string Severity, int Count)> BySeverity)
{
    public static BulkSummary Of(IReadOnlyCollection<DiscrepancyView> rows) =>
        new(
            rows.Count,
            rows.Sum(row => Prices.Parse(row.Amount) ?? 0),
            rows.Count(row => row.Amount is null),
            [.. Severities.All.Select(severity => (severity, rows.Count(row => row.Severity == severity))).Where(group => group.Item2 > 0)]
        );

    public string Text =>
        $"{Format.Number(Usdc, 2)} USDC at stake{(Unknown > 0 ? $" and {Format.Count(Unknown)} of unknown amount" : "")}: "
        + string.Join(", ", BySeverity.Select(group => $"{Format.Count(group.Count)} {group.Severity}"))
        + ".";
}
