using System.Collections.Concurrent;
using Foresight.Matching.Engine;
using Foresight.Protocol;

namespace Foresight.Simulator.Traders;

/// <summary>
/// An estimate, the API's last answer less the orders sent since. It only avoids orders that would be refused; the exchange decides.
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
    /// A trader of a binary market without YES to sell buys NO, which is the same exposure. Null if it can pay for neither.
    /// </summary>
    public OrderIntent? Afford(OrderIntent intent)
    {
        if (CanPay(intent))
            return intent;
        return intent.Market.IsBinary && CanPay(intent.Mirrored()) ? intent.Mirrored() : null;
    }

    /// <summary>Until the next refresh, because the API's last answer does not include the orders sent since.</summary>
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
