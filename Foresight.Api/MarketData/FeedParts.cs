using Foresight.Api.Markets;

namespace Foresight.Api.MarketData;

/// <summary>Parts of the feed's loop, one concern each. None of them blocks, and only the loop changes them.</summary>
public sealed class FeedParts
{
    public FeedParts(
        FeedInbox inbox,
        BookReader bookReader,
        TradeReader tradeReader,
        MarketDataMetrics metrics,
        TimeProvider clock,
        ILogger<MarketFeed> logger
    )
    {
        Outage = new RedisOutage(Clients);
        Repair = new BookRepair(inbox, bookReader, clock, logger);
        Check = new PositionCheck(inbox, bookReader, logger);
        Books = new BookFeed(Clients, Repair, metrics, logger);
        Trades = new TradeFeed(Clients, inbox, tradeReader, metrics, logger);
        TradeStates = new TradeStateFeed(Clients, metrics);
        Stats = new StatsFeed(Clients, metrics);
        Orders = new OrderFeed(Clients, metrics);
    }

    public ClientRegistry Clients { get; } = new();
    public RedisOutage Outage { get; }
    public BookRepair Repair { get; }
    public PositionCheck Check { get; }
    public BookFeed Books { get; }
    public TradeFeed Trades { get; }
    public TradeStateFeed TradeStates { get; }
    public StatsFeed Stats { get; }
    public OrderFeed Orders { get; }
}
