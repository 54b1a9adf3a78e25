using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Random;

/// <summary>
/// Knows the events alone, so that no rule of the engine is assumed: fills of an order never exceed the size and price with which
/// it was accepted (invariant 3 of ARCHITECTURE.md), shares and collateral are conserved (4), nothing cancelled, expired or
/// unfunded is filled (6).
/// </summary>
public sealed class LedgerCheck
{
    private readonly Dictionary<long, Order> _orders = [];
    private readonly Dictionary<long, (TradeExecuted Header, List<OrderFilled> Legs)> _trades = [];
    private readonly Dictionary<(int Account, int Market, byte Outcome, Purse Purse), Holding> _known = [];
    private long _clockMicros;

    public void Check(in Command command, ExchangeEngine engine, in RecordedEvents events)
    {
        _clockMicros = Math.Max(_clockMicros, command.AcceptedAtMicros);
        var closed = new List<(TradeId Trade, bool Settled)>();
        foreach (var e in events.Events)
        {
            switch (e)
            {
                case OrderAccepted accepted:
                    _orders.Add(accepted.Order.Value, new Order(accepted, command.ExpiresAtSeconds));
                    break;
                case OrderReplaced replaced:
                    Shrink(replaced);
                    break;
                case OrderCancelled cancelled:
                    Assert.Equal(_orders[cancelled.Order.Value].Left, cancelled.Remaining.Lots);
                    _orders.Remove(cancelled.Order.Value);
                    break;
                case TradeExecuted trade:
                    _trades.Add(trade.Trade.Value, (trade, []));
                    break;
                case OrderFilled filled:
                    Fill(filled);
                    break;
                case TradeClosed trade:
                    closed.Add((trade.Trade, trade.Settled));
                    break;
            }
        }

        CheckConservation(command, engine, events, closed);
    }

    /// <summary>The signature covers nothing but a smaller size at the order's price, so a replacement may change only that.</summary>
    private void Shrink(in OrderReplaced replaced)
    {
        var order = _orders[replaced.Order.Value];
        if (replaced.Remaining.Lots > order.Left || replaced.Price != order.Signed.Price)
            Assert.Fail($"{replaced} is more than is left of {order.Signed}");
        order.Left = replaced.Remaining.Lots;
    }

    private void Fill(in OrderFilled filled)
    {
        if (!_orders.TryGetValue(filled.Order.Value, out var order))
            throw Xunit.Sdk.FailException.ForFailure($"{filled} is of an order that is not open");
        if (order.ExpiresAtSeconds != 0 && (Int128)order.ExpiresAtSeconds * 1_000_000 < _clockMicros)
            Assert.Fail($"{filled} is of an expired order");
        order.Left -= filled.Quantity.Lots;
        order.Filled += filled.Quantity.Lots;
        if (order.Left < 0 || order.Filled > order.Signed.Quantity.Lots)
            Assert.Fail($"{filled} is beyond the size of {order.Signed}");
        var worse = filled.Price.Ticks - order.Signed.Price.Ticks;
        if (filled.Purse != order.Signed.Purse)
            Assert.Fail($"{filled} is paid from another purse than {order.Signed}");
        if (filled.Side != order.Signed.Side || filled.Outcome != order.Signed.Outcome || (filled.Side == Side.Buy ? worse : -worse) > 0)
            Assert.Fail($"{filled} is not what {order.Signed} allows");
        Assert.Equal(order.Left, filled.Remaining.Lots);
        if (order.Left == 0)
            _orders.Remove(filled.Order.Value);

        var (header, legs) = _trades[filled.Trade.Value];
        legs.Add(filled);
        if (legs.Count == header.Legs)
            CheckTrade(header, legs);
    }

    /// <summary>A set costs and redeems for one USDC, so the payments of a trade must equal its proceeds.</summary>
    private static void CheckTrade(in TradeExecuted header, List<OrderFilled> legs)
    {
        var quantity = header.Quantity;
        Assert.All(legs, leg => Assert.Equal(quantity, leg.Quantity));
        Assert.True(legs[0].IsTaker && legs.Skip(1).All(leg => !leg.IsTaker), "a trade has its taker first");
        if (header.Kind == TradeKind.Direct)
        {
            Assert.Equal(2, legs.Count);
            Assert.Equal(legs[0].Price, legs[1].Price);
            Assert.Equal(legs[0].Outcome, legs[1].Outcome);
            Assert.NotEqual(legs[0].Side, legs[1].Side);
            return;
        }

        Assert.Equal(Price.TicksPerUnit, legs.Sum(leg => leg.Price.Ticks));
        Assert.Equal(legs.Count, legs.Select(leg => leg.Outcome).Distinct().Count());
        var side = header.Kind == TradeKind.Mint ? Side.Buy : Side.Sell;
        Assert.All(legs, leg => Assert.Equal(side, leg.Side));
    }

    private void CheckConservation(
        in Command command,
        ExchangeEngine engine,
        in RecordedEvents events,
        List<(TradeId Trade, bool Settled)> closed
    )
    {
        long collateral = 0;
        Dictionary<(int, byte), long> shares = [];
        foreach (var asset in events.Touched)
        {
            var (account, market, outcome, purse) = asset;
            var after = engine.Balance(new AccountId(account), new MarketId(market), outcome, purse);
            var before = _known.GetValueOrDefault(asset);
            _known[asset] = after;
            if (after.OrderHold < 0 || after.TradeHold < 0 || (after.OrderHold > 0 && after.Available < 0))
                Assert.Fail($"{command} left account {account} with {after}");
            if (outcome == Command.CollateralOutcome)
                collateral += after.Owned - before.Owned;
            else
                shares[(market, outcome)] = shares.GetValueOrDefault((market, outcome)) + after.Owned - before.Owned;
        }

        // What is paid out of the vault leaves the exchange.
        if (command.Kind is CommandKind.ObserveBalance or CommandKind.PayWithdrawal)
            return;
        foreach (var (id, settled) in closed)
        {
            _trades.Remove(id.Value, out var trade);
            // A block may include some of it already as an observation; the differential test checks that case.
            if (!settled || command.Block != 0)
                return;
            var sign = trade.Header.Kind switch
            {
                TradeKind.Mint => 1,
                TradeKind.Merge => -1,
                _ => 0,
            };
            collateral += sign * Price.TicksPerUnit * trade.Header.Quantity.Lots;
            foreach (var leg in trade.Legs)
            {
                var key = (trade.Header.Market.Value, leg.Outcome);
                shares[key] =
                    shares.GetValueOrDefault(key) - (trade.Header.Kind == TradeKind.Direct ? 0 : sign * trade.Header.Quantity.Lots);
            }
        }

        Assert.Equal(0, collateral);
        Assert.All(shares.Values, change => Assert.Equal(0, change));
    }

    private sealed class Order(in OrderAccepted signed, long expiresAtSeconds)
    {
        public OrderAccepted Signed { get; } = signed;
        public long Left { get; set; } = signed.Quantity.Lots;
        public long Filled { get; set; }
        public long ExpiresAtSeconds { get; } = expiresAtSeconds;
    }
}
