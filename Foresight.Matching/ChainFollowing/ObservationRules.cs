using Foresight.Chain;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.ChainFollowing;

/// <summary>Whose holdings of what have to be read again.</summary>
public sealed record Observations(IReadOnlySet<Address> Collateral, IReadOnlyDictionary<DeployedMarket, HashSet<Address>> Shares);

/// <summary>Which holdings a block range may have changed, and which differences the engine is told.</summary>
public static class ObservationRules
{
    /// <param name="known">Those of the touched accounts that the journal knows. Strangers
    /// matter only once they approve the relayer's contracts.</param>
    public static Observations Plan(Deployment deployment, BlockFacts facts, IReadOnlySet<Address> known)
    {
        var collateral = new HashSet<Address>(facts.CollateralApprovals);
        var shares = deployment.Markets.ToDictionary(m => m, _ => new HashSet<Address>());
        foreach (var touched in facts.Touched.Where(t => known.Contains(t.Account)))
        {
            if (touched.Market is { } market)
                shares[market].Add(touched.Account);
            else
                collateral.Add(touched.Account);
        }

        // A first approval makes an account: everything that it brings is read. Approving shares opens those of every market.
        var newcomers = facts.CollateralApprovals.Concat(facts.ShareApprovals).Where(a => !known.Contains(a)).ToHashSet();
        collateral.UnionWith(newcomers);
        foreach (var accounts in shares.Values)
        {
            accounts.UnionWith(facts.ShareApprovals);
            accounts.UnionWith(newcomers);
        }

        return new Observations(collateral, shares.Where(s => s.Value.Count > 0).ToDictionary());
    }

    public static Observations Everything(Deployment deployment, IReadOnlyCollection<Address> accounts) =>
        new(accounts.ToHashSet(), deployment.Markets.ToDictionary(m => m, _ => accounts.ToHashSet()));

    /// <summary>
    /// What differs from the ledger, which settled trades have moved already. Of an account that the journal does not know, what is zero
    /// counts for collateral alone: that makes the account, so that money which comes later is seen.
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

    /// <summary>As the ledger's table has it: market 0 and outcome 255 are collateral.</summary>
    public static (int Market, int Outcome) AssetOf(ChainHolding holding) =>
        holding.Market is { } market ? (market.Id, holding.Outcome) : (0, Engine.Command.CollateralOutcome);
}
