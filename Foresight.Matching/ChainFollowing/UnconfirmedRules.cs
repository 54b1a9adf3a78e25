using Foresight.Chain;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Only decreases may follow from a block that a reorganisation can still undo. An account with less is held to it at once, because its
/// orders would fail on chain; an account with more waits until that is confirmed.
/// </summary>
public static class UnconfirmedRules
{
    /// <summary>
    /// A holding that a trade of this exchange reduced was not emptied by its owner.
    /// </summary>
    /// <param name="held">Trades that the engine has not closed: only for these does it still hold what the chain has moved.</param>
    public static IReadOnlyDictionary<AssetKey, long> TakenByTrades(Deployment deployment, BlockFacts facts, IReadOnlySet<long> held)
    {
        var taken = new Dictionary<AssetKey, long>();
        foreach (var (fill, purse) in facts.FillsByPurse())
        {
            if (
                fill.TradeId.IsZero
                || fill.TradeId > long.MaxValue
                || !held.Contains((long)fill.TradeId)
                || deployment.Find(fill.Position.Market) is not { } market
            )
                continue;
            var lots = fill.Amount / Foresight.Chain.Signing.OrderMessage.AmountPerLot;
            var (key, units) = fill.IsBuy
                ? (
                    new AssetKey(fill.Maker, 0, Engine.Command.CollateralOutcome, purse),
                    lots * (fill.Price / Foresight.Chain.Signing.OrderMessage.PricePerTick)
                )
                : (new AssetKey(fill.Maker, market.Id, (int)fill.OutcomeIndex, purse), lots);
            taken[key] = taken.GetValueOrDefault(key) + (long)units;
        }

        return taken;
    }

    public static IReadOnlyDictionary<AssetKey, long> Sum(params ReadOnlySpan<IReadOnlyDictionary<AssetKey, long>> parts)
    {
        var sum = new Dictionary<AssetKey, long>();
        foreach (var part in parts)
        {
            foreach (var (key, units) in part)
                sum[key] = sum.GetValueOrDefault(key) + units;
        }

        return sum;
    }

    /// <summary>
    /// Adds back what trades and co-signed withdrawals took that the engine still holds for them, so that an honest account is never
    /// short. Proceeds of trades are not counted: they count when the trade is confirmed.
    /// </summary>
    public static IEnumerable<ChainHolding> Reduced(
        IEnumerable<ChainHolding> atHead,
        IReadOnlyDictionary<AssetKey, long> owned,
        IReadOnlyDictionary<AssetKey, long> taken
    )
    {
        foreach (var holding in atHead)
        {
            var key = ObservationRules.KeyOf(holding);
            var left = holding.Units + taken.GetValueOrDefault(key);
            if (owned.TryGetValue(key, out var ledger) && left < ledger)
                yield return holding with
                {
                    Units = left,
                };
        }
    }

    /// <summary>
    /// Withholds an increase while a later block showed less: orders placed on it would fail on chain. It is reported once that block is
    /// confirmed, or gone.
    /// </summary>
    public static IEnumerable<ChainHolding> Believable(
        IEnumerable<ChainHolding> changed,
        IReadOnlyDictionary<AssetKey, long> owned,
        IEnumerable<UnconfirmedDecrease> unconfirmed,
        long block
    )
    {
        var decreases = unconfirmed.Where(d => d.SeenBlock > block).Select(d => d.Asset).ToHashSet();
        foreach (var holding in changed)
        {
            var key = ObservationRules.KeyOf(holding);
            if (!decreases.Contains(key) || holding.Units <= owned.GetValueOrDefault(key))
                yield return holding;
        }
    }

    public static Observations With(Observations plan, Deployment deployment, IEnumerable<UnconfirmedDecrease> unconfirmed, long block)
    {
        var collateral = plan.Collateral.ToHashSet();
        var shares = plan.Shares.ToDictionary(s => s.Key, s => s.Value.ToHashSet());
        var vault = plan.Vault.ToHashSet();
        foreach (var (account, marketId, outcome, purse) in unconfirmed.Where(d => d.SeenBlock <= block).Select(d => d.Asset))
        {
            var market = deployment.Markets.FirstOrDefault(m => m.Id == marketId);
            if (marketId != 0 && market is null)
                continue;
            if (purse == Engine.Purse.Vault)
                vault.Add(new TouchedAsset(account, market, market is null ? 0 : outcome, purse));
            else if (market is null)
                collateral.Add(account);
            else
            {
                if (!shares.TryGetValue(market, out var accounts))
                    shares.Add(market, accounts = []);
                accounts.Add(account);
            }
        }

        return new Observations(collateral, shares, vault);
    }
}
