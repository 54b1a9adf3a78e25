using System.Text.Json;
using Foresight.Matching.ChainReading;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <param name="Totals">Null if there are too many purses to read.</param>
/// <param name="Ahead">Natural keys of what was not compared.</param>
public sealed record VaultCheck(IReadOnlyList<Finding> Findings, IReadOnlySet<string> Ahead, VaultScan Scan, VaultTotalsView? Totals)
{
    public string? Note =>
        Totals is null
            ? $"The vault's totals were not compared: it has more than {VaultReader.MostPurses} purses. Its holdings in the journal were."
            : null;
}

/// <summary>
/// The vault at one block of the follower: journal as of the moment in which the follower stood there, chain by the block's hash. What
/// differs counts if later looks, each at one block, find the same.
/// </summary>
public sealed class VaultChecker(Deployment deployment, VaultStore store, VaultReader reader)
{
    private const int Looks = 3;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    /// <returns>Null while a reorganisation is being followed.</returns>
    public async Task<VaultCheck?> CheckAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await LookAsync(clock, cancellationToken) is not { } first)
            return null;
        var (findings, ahead) = (first.Findings, first.Ahead.ToHashSet());
        for (var look = 1; look < Looks && findings.Count > 0; look++)
        {
            await Task.Delay(BetweenLooks, clock, cancellationToken);
            if (await LookAsync(clock, cancellationToken) is not { } again)
                return null;
            var same = again.Findings.Select(Identity).ToHashSet();
            findings = [.. findings.Where(finding => same.Contains(Identity(finding)))];
            ahead.UnionWith(again.Ahead);
        }

        return first with
        {
            Findings = findings,
            Ahead = ahead,
        };
    }

    private async Task<VaultCheck?> LookAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await store.ReadAsync(cancellationToken) is not { } journal)
            return null;
        var scan = await reader.ScanAsync(journal.Block, cancellationToken);
        var chain = await reader.ReadAsync(scan, journal, cancellationToken);
        var sides = new VaultSides(journal, chain, await reader.ReadWithdrawalsAsync(journal, cancellationToken));
        return new VaultCheck(
            VaultRules.Compare(deployment, sides),
            VaultRules.Ahead(sides).ToHashSet(),
            scan,
            chain.IsWhole ? VaultRules.Totals(deployment, chain, journal.Block, clock.GetUtcNow()) : null
        );
    }

    private static (string, string, string) Identity(Finding finding) =>
        (finding.NaturalKey, JsonSerializer.Serialize(finding.OnChain), JsonSerializer.Serialize(finding.OffChain));
}
