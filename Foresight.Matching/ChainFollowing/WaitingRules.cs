using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;

namespace Foresight.Matching.ChainFollowing;

/// <param name="TradeId">0, or the undone trade whose payment is back because it failed in this block.</param>
public readonly record struct WaitingIncrease(AssetKey Asset, long Block, long Units, long TradeId = 0);

/// <summary>
/// Money of the vault that the followed blocks have and the ledger must not have yet: a reorganisation to SETTLEMENT_FINALITY_BLOCKS would
/// take it away without a delay, and with it the trades matched on it (docs/decisions/0667).
/// </summary>
/// <param name="Units">Which of each purse waits.</param>
/// <param name="Due">Purses of which something has become final, and which are observed for it.</param>
public sealed record Waiting(IReadOnlyDictionary<AssetKey, long> Units, IReadOnlySet<AssetKey> Due)
{
    /// <summary>
    /// What is left when all that waits is taken away. May be less than was there at the final block, never more: what left the purse since
    /// then is missing already.
    /// </summary>
    /// <param name="paid">By co-signatures; the engine holds it still, so the ledger has it.</param>
    public ChainHolding Of(ChainHolding free, long paid)
    {
        var key = ObservationRules.KeyOf(free);
        return free with { Units = Math.Max(0, free.Units - Units.GetValueOrDefault(key)) + paid };
    }
}

public static class WaitingRules
{
    /// <param name="known">Of earlier blocks.</param>
    /// <param name="undone">Payments of trades that the ledger has as settled, and that the followed chain has not.</param>
    /// <param name="final">The newest block that no reorganisation undoes without an operator.</param>
    public static Waiting Of(
        IEnumerable<WaitingIncrease> known,
        IEnumerable<WaitingIncrease> next,
        IEnumerable<WaitingIncrease> undone,
        long final
    )
    {
        var units = new Dictionary<AssetKey, long>();
        var due = new HashSet<AssetKey>();
        foreach (var increase in known)
        {
            if (increase.Block <= final)
                due.Add(increase.Asset);
            else
                Add(increase);
        }

        foreach (var increase in next.Where(one => one.Block > final).Concat(undone))
            Add(increase);
        return new Waiting(units, due);

        void Add(WaitingIncrease one) => units[one.Asset] = units.GetValueOrDefault(one.Asset) + one.Units;
    }

    /// <summary>One for each purse and block.</summary>
    public static IReadOnlyList<WaitingIncrease> Of(BlockFacts facts) =>
        [
            .. facts
                .Increases.GroupBy(one => (Asset: KeyOf(one), one.Block))
                .Select(g => new WaitingIncrease(g.Key.Asset, g.Key.Block, g.Sum(one => one.Units)))
                .Where(one => one.Units > 0),
        ];

    public static Observations With(Observations plan, Deployment deployment, IEnumerable<AssetKey> due)
    {
        var vault = plan.Vault.ToHashSet();
        foreach (var (account, marketId, outcome, _) in due)
        {
            var market = deployment.Markets.FirstOrDefault(m => m.Id == marketId);
            if (marketId == 0 || market is not null)
                vault.Add(new TouchedAsset(account, market, market is null ? 0 : outcome, Purse.Vault));
        }

        return plan with
        {
            Vault = vault,
        };
    }

    private static AssetKey KeyOf(PurseIncrease one) =>
        one.Market is { } market
            ? new(one.Account, market.Id, one.Outcome, Purse.Vault)
            : new(one.Account, 0, Command.CollateralOutcome, Purse.Vault);
}
