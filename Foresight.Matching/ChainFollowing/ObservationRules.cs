using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainFollowing;

/// <param name="Collateral">Of wallets, as are <paramref name="Shares"/>.</param>
public sealed record Observations(
    IReadOnlySet<Address> Collateral,
    IReadOnlyDictionary<DeployedMarket, HashSet<Address>> Shares,
    IReadOnlySet<TouchedAsset> Vault
);

public static class ObservationRules
{
    /// <param name="known">
    /// Those of the touched accounts that the journal knows. Others matter only once they approve the relayer's contracts or have money in
    /// the vault: without that nothing of theirs can be traded.
    /// </param>
    public static Observations Plan(Deployment deployment, BlockFacts facts, IReadOnlySet<Address> known)
    {
        // A first approval creates an account, so all its holdings are read. Approving shares covers those of every market.
        // The vault approves too; what it holds is in its purses.
        var newcomers = facts.Granted.Where(a => !known.Contains(a) && a != deployment.Vault?.Address).ToHashSet();
        var collateral = facts.CollateralApprovals.Where(known.Contains).Concat(newcomers).ToHashSet();
        var approved = facts.ShareApprovals.Where(known.Contains).Concat(newcomers).ToHashSet();
        var shares = deployment.Markets.ToDictionary(m => m, _ => approved.ToHashSet());
        var vault = new HashSet<TouchedAsset>();
        foreach (var touched in facts.Touched.Where(t => known.Contains(t.Account) || newcomers.Contains(t.Account)))
        {
            if (touched.Purse == Purse.Vault)
                vault.Add(touched);
            else if (!known.Contains(touched.Account))
                continue;
            else if (touched.Market is { } market)
                shares[market].Add(touched.Account);
            else
                collateral.Add(touched.Account);
        }

        return new Observations(collateral, shares.Where(s => s.Value.Count > 0).ToDictionary(), vault);
    }

    public static Observations Everything(Deployment deployment, IReadOnlyCollection<Address> accounts) =>
        new(
            accounts.ToHashSet(),
            deployment.Markets.ToDictionary(m => m, _ => accounts.ToHashSet()),
            deployment.Vault is null ? new HashSet<TouchedAsset>() : accounts.SelectMany(a => VaultOf(deployment, a)).ToHashSet()
        );

    private static IEnumerable<TouchedAsset> VaultOf(Deployment deployment, Address account) =>
        deployment
            .Markets.SelectMany(m => Enumerable.Range(0, m.Outcomes).Select(i => new TouchedAsset(account, m, i, Purse.Vault)))
            .Prepend(new TouchedAsset(account, null, 0, Purse.Vault));

    /// <summary>
    /// The ledger includes settled trades already, so only holdings that differ from it are reported. For an account unknown to the journal
    /// a zero counts for collateral alone: it creates the account, so that money which arrives later is observed.
    /// </summary>
    public static IEnumerable<ChainHolding> Changed(
        IEnumerable<ChainHolding> holdings,
        IReadOnlyDictionary<AssetKey, long> owned,
        IReadOnlySet<Address> known
    )
    {
        foreach (var holding in holdings)
        {
            if (
                owned.TryGetValue(KeyOf(holding), out var ledger)
                    ? ledger != holding.Units
                    : holding.Units != 0 || (holding.Market is null && !known.Contains(holding.Account))
            )
                yield return holding;
        }
    }

    public static AssetKey KeyOf(ChainHolding holding) =>
        holding.Market is { } market
            ? new(holding.Account, market.Id, holding.Outcome, holding.Purse)
            : new(holding.Account, 0, Command.CollateralOutcome, holding.Purse);
}
