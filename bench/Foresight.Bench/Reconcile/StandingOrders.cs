using Foresight.Chain.Signing;

namespace Foresight.Bench.Reconcile;

/// <summary>
/// Orders that are each filled by many trades, because the development chain hashes its complete state with every block, and each order is
/// a word of it: with two orders per trade, 10,000 blocks of ten trades took three quarters of an hour.
/// </summary>
internal sealed class StandingOrders(IReadOnlyList<PrivateKey> traders, TypedDataDomain domain)
{
    public const int Levels = 8;

    private const long Lots = 2_500;

    private readonly Dictionary<(int Trader, bool IsBuy, int Level), (SettledOrder Order, long Left)> _standing = [];
    private List<SettledOrder> _signed = [];
    private long _last;

    public SettledOrder Fill(int trader, bool isBuy, int level, long lots)
    {
        var (order, left) = _standing.GetValueOrDefault((trader, isBuy, level));
        if (order is null || left < lots)
            (order, left) = (Sign(trader, isBuy, 1_000 * (level + 1)), Lots);
        _standing[(trader, isBuy, level)] = (order, left - lots);
        return order;
    }

    public IReadOnlyList<SettledOrder> TakeNew()
    {
        var taken = _signed;
        _signed = [];
        return taken;
    }

    private SettledOrder Sign(int trader, bool isBuy, int ticks)
    {
        var id = ++_last;
        var message = OrderMessage.OfUnits(traders[trader].Address, 0, isBuy, ticks, Lots, id, 0);
        var order = new SettledOrder(
            id,
            trader + 1,
            ticks,
            Lots,
            OrderSigning.OrderHash(domain, message),
            message,
            OrderSigning.Sign(domain, message, traders[trader])
        );
        _signed.Add(order);
        return order;
    }
}
