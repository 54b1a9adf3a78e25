using Foresight.Api.Markets;

namespace Foresight.Api.MarketData;

/// <summary>None of them may block, because every stream of the node waits for the feed's loop. Only the loop changes them.</summary>
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
        Repair = new BookRepair(inbox, bookReader.ReadAsync, clock, logger);
        Check = new PositionCheck(inbox, bookReader.PositionAsync, logger);
        Books = new BookFeed(Clients, Repair, metrics, logger);
        Trades = new TradeFeed(Clients, inbox, tradeReader, metrics, logger);
        Silence = new LeaderSilence(clock);
        Gate = new JournalGate(Books, Check, Silence, metrics, clock, logger);
        TradeStates = new TradeStateFeed(Clients, metrics);
        Withdrawals = new WithdrawalFeed(Clients, metrics);
        Stats = new StatsFeed(Clients, metrics);
        Orders = new OrderFeed(Clients, metrics);
    }

    public ClientRegistry Clients { get; } = new();
    public RedisOutage Outage { get; }
    public BookRepair Repair { get; }
    public PositionCheck Check { get; }
    public JournalGate Gate { get; }
    public LeaderSilence Silence { get; }
    public BookFeed Books { get; }
    public TradeFeed Trades { get; }
    public TradeStateFeed TradeStates { get; }
    public WithdrawalFeed Withdrawals { get; }
    public StatsFeed Stats { get; }
    public OrderFeed Orders { get; }
}
