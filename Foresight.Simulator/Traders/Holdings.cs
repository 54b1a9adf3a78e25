using System.Collections.Concurrent;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

/// <summary>
/// Estimate of a trader's available funds: the API's last answer minus the orders sent since.
/// It avoids orders that would be refused; the exchange decides.
/// </summary>
public sealed class Holdings
{
    private const string Usdc = "USDC";

    private readonly ConcurrentDictionary<string, long> _available = new(StringComparer.Ordinal);

    public void Refresh(AccountView account)
    {
        foreach (var balance in account.Balances)
            _available[balance.Asset] =
                balance.Asset == Usdc ? WireUnits.ParseMicros(balance.Available) : WireUnits.ParseLots(balance.Available);
    }

    public long UsdcMicros => _available.GetValueOrDefault(Usdc);

    /// <summary>
    /// Returns the intended order if the trader can pay for it; else, in a binary market, its mirror: a trader without YES to sell buys NO.
    /// Null if it can afford neither.
    /// </summary>
    public OrderIntent? Afford(OrderIntent intent)
    {
        if (CanPay(intent))
            return intent;
        return intent.Market.IsBinary && CanPay(intent.Mirrored()) ? intent.Mirrored() : null;
    }

    /// <summary>Deducts the order's cost or shares until the next refresh.</summary>
    public void Reserve(OrderIntent intent)
    {
        var (asset, needed) = NeedOf(intent);
        _available.AddOrUpdate(asset, -needed, (_, before) => before - needed);
    }

    private bool CanPay(OrderIntent intent)
    {
        var (asset, needed) = NeedOf(intent);
        return _available.GetValueOrDefault(asset) >= needed;
    }

    private static (string Asset, long Needed) NeedOf(OrderIntent intent) =>
        intent.Side == Side.Buy
            ? (Usdc, (intent.Price * intent.Quantity).Micros)
            : (AssetOf(intent.Market, intent.Outcome), intent.Quantity.Lots);

    private static string AssetOf(TradedMarket market, int outcome) => $"{market.Id}:{outcome}";
}
