namespace Foresight.Matching.Engine.Tests.Support;

public readonly record struct OrderAccepted(
    OrderId Order,
    MarketId Market,
    AccountId Account,
    byte Outcome,
    Side Side,
    Price Price,
    Quantity Quantity,
    Purse Purse
);

public readonly struct RecordedEvents() : IExchangeEvents
{
    public List<object> Events { get; } = [];

    public HashSet<(int Account, int Market, byte Outcome, Purse Purse)> Touched { get; } = [];

    public void Clear()
    {
        Events.Clear();
        Touched.Clear();
    }

    public void OnAccepted(OrderId order, Purse purse, in Command placed) =>
        Events.Add(
            new OrderAccepted(order, placed.Market, placed.Account, placed.Outcome, placed.Side, placed.Price, placed.Quantity, purse)
        );

    public void OnRejected(in CommandRejected e) => Events.Add(e);

    public void OnTrade(in TradeExecuted e) => Events.Add(e);

    public void OnFilled(in OrderFilled e) => Events.Add(e);

    public void OnCancelled(in OrderCancelled e) => Events.Add(e);

    public void OnReplaced(in OrderReplaced e) => Events.Add(e);

    public void OnMarketChanged(in MarketChanged e) => Events.Add(e);

    public void OnTradeClosed(in TradeClosed e) => Events.Add(e);

    public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) =>
        Touched.Add((account.Value, market.Value, outcome, purse));
}
