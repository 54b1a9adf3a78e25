using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Accounts;

/// <param name="Here">As the exchange knows it; null for an asset that only the chain named.</param>
/// <param name="OnChain">Null if the chain was not read for this asset.</param>
/// <param name="Difference">What the chain lets the exchange use, less what the exchange counts as owned; null if one is not known.</param>
public sealed record BalanceLine(string Asset, BalanceView? Here, ChainBalanceView? OnChain, decimal? Difference)
{
    public bool Differs => Difference is not null and not 0;
}

/// <summary>
/// The exchange counts as owned the lesser of balance and allowance at a confirmed block. The chain is read at its head, so a difference
/// that lasts only until the next blocks are confirmed is no fault.
/// </summary>
public static class BalanceRules
{
    /// <summary>One line for each asset of either side, in the order of the exchange.</summary>
    public static IReadOnlyList<BalanceLine> Align(IReadOnlyList<BalanceView> here, ChainAccountView? chain)
    {
        var onChain = (chain?.Balances ?? []).ToDictionary(balance => balance.Asset);
        var known = here.Select(balance => balance.Asset).ToHashSet();
        return
        [
            .. here.Select(balance => Line(balance.Asset, balance, onChain.GetValueOrDefault(balance.Asset))),
            .. onChain.Values.Where(balance => !known.Contains(balance.Asset)).Select(balance => Line(balance.Asset, null, balance)),
        ];
    }

    private static BalanceLine Line(string asset, BalanceView? here, ChainBalanceView? chain) =>
        // An asset of which the exchange has no row has no owner there.
        new(asset, here, chain, Prices.Parse(chain?.Spendable) - (here is null ? 0 : Prices.Parse(here.Owned)));
}
