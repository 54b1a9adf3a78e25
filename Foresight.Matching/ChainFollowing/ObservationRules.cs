using Foresight.Chain;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.ChainFollowing;

public sealed record Observations(IReadOnlySet<Address> Collateral, IReadOnlyDictionary<DeployedMarket, HashSet<Address>> Shares);

public static class ObservationRules
{
    /// <param name="known">
    /// Those of the touched accounts that the journal knows. Others matter only once they approve the relayer's contracts: without approval
    /// nothing of theirs can be traded.
    /// </param>
    public static Observations Plan(Deployment deployment, BlockFacts facts, IReadOnlySet<Address> known)
    {
        // A first approval creates an account, so all its holdings are read. Approving shares covers those of every market.
        var newcomers = facts.Granted.Where(a => !known.Contains(a)).ToHashSet();
        var collateral = facts.CollateralApprovals.Where(known.Contains).Concat(newcomers).ToHashSet();
        var approved = facts.ShareApprovals.Where(known.Contains).Concat(newcomers).ToHashSet();
        var shares = deployment.Markets.ToDictionary(m => m, _ => approved.ToHashSet());
        foreach (var touched in facts.Touched.Where(t => known.Contains(t.Account)))
        {
            if (touched.Market is { } market)
                shares[market].Add(touched.Account);
            else
                collateral.Add(touched.Account);
        }

        return new Observations(collateral, shares.Where(s => s.Value.Count > 0).ToDictionary());
    }

    public static Observations Everything(Deployment deployment, IReadOnlyCollection<Address> accounts) =>
        new(accounts.ToHashSet(), deployment.Markets.ToDictionary(m => m, _ => accounts.ToHashSet()));

    /// <summary>
    /// The ledger includes settled trades already, so only holdings that differ from it are reported. For an account unknown to the journal
    /// a zero counts for collateral alone: it creates the account, so that money which arrives later is observed.
    /// </summary>
    public static IEnumerable<ChainHolding> Changed(
        IEnumerable<ChainHolding> holdings,
        IReadOnlyDictionary<(Address, int Market, int Outcome), long> owned,
        IReadOnlySet<Address> known
    )
    {
        foreach (var holding in holdings)
        {
            var (market, outcome) = AssetOf(holding);
            if (
                owned.TryGetValue((holding.Account, market, outcome), out var ledger)
                    ? ledger != holding.Units
                    : holding.Units != 0 || (holding.Market is null && !known.Contains(holding.Account))
            )
                yield return holding;
        }
    }

    /// <summary>Collateral belongs to no market, so the ledger's table has it under market 0 and outcome 255.</summary>
    public static (int Market, int Outcome) AssetOf(ChainHolding holding) =>
        holding.Market is { } market ? (market.Id, holding.Outcome) : (0, Engine.Command.CollateralOutcome);
}
