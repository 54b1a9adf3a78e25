using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Accounts;

/// <param name="Here">As the exchange knows it; null for an asset that only the chain named.</param>
/// <param name="OnChain">Null if the chain was not read for this asset.</param>
/// <param name="Difference">What the chain lets the exchange use, less what the exchange counts as owned; null if one is not known.</param>
/// <param name="MayLeave">Of the asset at most, with the trades that are on their way to the chain.</param>
/// <param name="MayCome">Likewise.</param>
public sealed record BalanceLine(
    string Asset,
    BalanceView? Here,
    ChainBalanceView? OnChain,
    decimal? Difference,
    decimal MayLeave = 0,
    decimal MayCome = 0
)
{
    /// <summary>As soon as a trade is in a block the chain counts it, and the exchange only when the block is confirmed.</summary>
    public bool IsInFlight => Difference is { } difference and not 0 && difference >= -MayLeave && difference <= MayCome;

    public bool Differs => Difference is not null and not 0 && !IsInFlight;
}

/// <summary>
/// The exchange counts as owned the lesser of balance and allowance at a confirmed block. The chain is read at its head, so a difference
/// that lasts only until the next blocks are confirmed is no fault.
/// </summary>
public static class BalanceRules
{
    private const string Usdc = "USDC";

    /// <summary>One line for each asset of either side, in the order of the exchange.</summary>
    /// <param name="trades">The account's newest: those that are not settled yet are among them.</param>
    public static IReadOnlyList<BalanceLine> Align(
        IReadOnlyList<BalanceView> here,
        ChainAccountView? chain,
        IReadOnlyList<TradeView> trades
    )
    {
        var waiting = trades.Where(trade => TradeStates.IsUnsettled(trade.Settlement)).ToList();
        var onChain = (chain?.Balances ?? []).ToDictionary(balance => balance.Asset);
        var known = here.Select(balance => balance.Asset).ToHashSet();
        return
        [
            .. here.Select(balance => Line(balance.Asset, balance, onChain.GetValueOrDefault(balance.Asset), waiting)),
            .. onChain
                .Values.Where(balance => !known.Contains(balance.Asset))
                .Select(balance => Line(balance.Asset, null, balance, waiting)),
        ];
    }

    private static BalanceLine Line(string asset, BalanceView? here, ChainBalanceView? chain, IReadOnlyList<TradeView> waiting) =>
        // An asset of which the exchange has no row has no owner there.
        new(
            asset,
            here,
            chain,
            Prices.Parse(chain?.Spendable) - (here is null ? 0 : Prices.Parse(here.Owned)),
            Prices.Parse(here?.HeldByTrades) ?? 0,
            waiting.Sum(trade => MostOf(asset, trade))
        );

    /// <summary>
    /// What a trade brings one side of it at most. Which side the account is on is not known here; shares of either outcome may be minted
    /// or merged, and then USDC moves at the price of either.
    /// </summary>
    private static decimal MostOf(string asset, TradeView trade)
    {
        var (price, amount) = (Prices.Parse(trade.Price) ?? 0, Prices.Parse(trade.Amount) ?? 0);
        return asset == Usdc ? Math.Max(price, 1 - price) * amount
            : asset.StartsWith($"{trade.MarketId}:", StringComparison.Ordinal) ? amount
            : 0;
    }
}
