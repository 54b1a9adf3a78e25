using System.Collections.Concurrent;
using System.Threading.Channels;
using Foresight.Api.Markets;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Api.MarketData;

/// <summary>
/// This node's ear on Redis and its voice to its clients. One loop takes everything in turn: messages of the leader, snapshots of the
/// journal, clients that come and go. It never waits, neither for a client nor for the database.
/// </summary>
public sealed partial class MarketFeed : BackgroundService
{
    /// <summary>Things told and not yet taken. Beyond it messages are dropped; the numbers in the next ones show the gap.</summary>
    private const int InboxCapacity = 100_000;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private static readonly string[] Listened = [Channels.Depth, Channels.Trades, Channels.Stats, Channels.Orders, Channels.TradeStates];

    private readonly RedisBroadcast redis;
    private readonly MarketCatalog catalog;
    private readonly BookReader books;
    private readonly TradeReader trades;
    private readonly MarketDataMetrics metrics;
    private readonly TimeProvider clock;
    private readonly ILogger<MarketFeed> logger;
    private readonly ConcurrentDictionary<int, MarketStream> streams = new();
    private readonly Dictionary<int, TradeStream> tradeStreams = [];
    private readonly Dictionary<int, StatsMessage> lastStats = [];
    private readonly HashSet<int> toRead = [];
    private readonly Dictionary<int, int> ticksWithoutBook = [];
    private readonly HashSet<int> lostSaid = [];
    private readonly Channel<FeedItem> inbox =
        Channel.CreateBounded<FeedItem>(new BoundedChannelOptions(InboxCapacity) { SingleReader = true });
    private CancellationToken stopping;
    private readonly Dictionary<int, long> ordersEpochs = [];
    private bool isReading;
    private int? ticksWithoutRedis;
    private bool silenceSaid;
    private bool readAgain;
    private long lastTurn;

    public MarketFeed(
        RedisBroadcast redis, MarketCatalog catalog, BookReader books, TradeReader trades, MarketDataMetrics metrics, TimeProvider clock,
        ILogger<MarketFeed> logger)
    {
        (this.redis, this.catalog, this.books, this.trades, this.metrics, this.clock, this.logger) =
            (redis, catalog, books, trades, metrics, clock, logger);
        lastTurn = clock.GetTimestamp();
    }

    /// <summary>Time since the loop took something; it is given something each second.</summary>
    public TimeSpan Silence => clock.GetElapsedTime(Volatile.Read(ref lastTurn));

    public bool IsConnected => redis.Connection.IsConnected && Volatile.Read(ref ticksWithoutRedisSeen) == 0;

    /// <summary>Null while there is no trustworthy book.</summary>
    public DepthView? DepthOf(int market, int outcome, int levels) => streams.GetValueOrDefault(market)?.View(outcome, levels);

    public (int? Bid, int? Ask) BestOf(int market, int outcome) => streams.GetValueOrDefault(market)?.Best(outcome) ?? (null, null);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        this.stopping = stopping;
        metrics.Watch(subscribers.CountByTopic, () => IsConnected, Listened.Length);
        catalog.Added += Added;
        Listen();
        Added([.. catalog.Known]);
        var ticking = TickAsync(stopping);
        try
        {
            await foreach (var item in inbox.Reader.ReadAllAsync(stopping))
            {
                try
                {
                    Take(item);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // A defect that one message brings out must not end the stream of all markets; its book is read anew.
                    Log.ItemFailed(logger, error, item.GetType().Name);
                    if (item is FeedItem.Depth { Message.Market: var market }) ReadBook(market);
                    if (item is FeedItem.Subscribe subscribe) subscribe.Answer.TrySetResult("unavailable");
                }

                Volatile.Write(ref lastTurn, clock.GetTimestamp());
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops; clients are told before that, by the hub.
        }

        await ticking;
    }

    private void Take(FeedItem item)
    {
        switch (item)
        {
            case FeedItem.Depth(var message): OnDepth(message); break;
            case FeedItem.Trades(var message): OnTrades(message); break;
            case FeedItem.Stats(var message): OnStats(message); break;
            case FeedItem.Orders(var message): OnOrders(message); break;
            case FeedItem.TradeStates(var message): OnTradeStates(message); break;
            case FeedItem.Notice(var topic, var body): OnNotice(topic, body); break;
            case FeedItem.MarketsAdded(var markets): OnMarkets(markets); break;
            case FeedItem.Subscribe subscribe: subscribe.Answer.TrySetResult(OnSubscribe(subscribe)); break;
            case FeedItem.Unsubscribe(var client, var subscription, var done):
                subscribers.Remove(client, subscription);
                if (subscription.Topic == HubEvents.Depth) client.Outbox.Forget(subscription.Market);
                done.TrySetResult();
                break;
            case FeedItem.Joined(var client):
                if (!client.HasLeft) subscribers.Join(client);
                break;
            case FeedItem.Left(var client):
                client.HasLeft = true;
                subscribers.Leave(client);
                break;
            case FeedItem.ConnectionLost: OnConnectionLost(); break;
            case FeedItem.ConnectionRestored: OnConnectionRestored(); break;
            case FeedItem.BooksRead(var markets, var snapshot): OnBooksRead(markets, snapshot); break;
            case FeedItem.TradesRead(var market, var missing): OnTradesRead(market, missing); break;
            case FeedItem.PositionRead read: OnPositionRead(read); break;
            case FeedItem.Tick: OnTick(); break;
        }

        StartReading();
    }

    private void OnMarkets(IReadOnlyList<Market> markets)
    {
        foreach (var market in markets)
        {
            if (streams.TryAdd(market.Id, new MarketStream(market))) toRead.Add(market.Id);
        }
    }

    private void OnDepth(DepthMessage message)
    {
        // A market that this node has not heard of yet; its book is read as soon as it has.
        if (!streams.TryGetValue(message.Market, out var stream)) return;
        switch (stream.Take(message, out var applied))
        {
            case StreamStep.Applied: Send(stream, applied!); break;
            case StreamStep.Stale: metrics.Stale(Channels.Depth); break;
            case StreamStep.Waiting when toRead.Add(message.Market):
                metrics.Gap(Channels.Depth);
                Log.Gap(logger, message.Market, stream.Sequence, message.Previous);
                break;
        }
    }

    /// <summary>To everybody who follows the book; and it is whole again, if it was not.</summary>
    private void Send(MarketStream stream, DepthMessage message)
    {
        ticksWithoutBook.Remove(stream.Market);
        if (lostSaid.Remove(stream.Market)) Say(HubEvents.Depth, stream.Market, "restored");
        var followers = subscribers.Of(new Subscription(HubEvents.Depth, stream.Market));
        if (followers.Count == 0) return;
        var shared = SharedMessage.Depth(message, metrics.Delivered);
        shared.Expect(followers.Count);
        foreach (var client in followers) client.Outbox.Depth(stream.Market, shared);
    }

    private void OnTrades(TradesMessage message)
    {
        if (!tradeStreams.TryGetValue(message.Market, out var stream)) return;
        var ready = stream.Take(message, out var isStale, out var gap);
        if (isStale) metrics.Stale(Channels.Trades);
        foreach (var one in ready) Send(one);
        if (gap is not { } missing) return;
        metrics.Gap(Channels.Trades);
        _ = ReadTradesAsync(message.Market, missing.After, missing.UpTo);
    }

    private void Send(TradesMessage message) =>
        SendToAll(new Subscription(HubEvents.Trades, message.Market), SharedMessage.Of(HubEvents.Trades, message, metrics.Delivered));

    private void OnTradesRead(int market, IReadOnlyList<TradeView>? missing)
    {
        var isWhole = missing is not null && missing.Count < TradeStream.MaxFill;
        if (!isWhole) Say(HubEvents.Trades, market, "lost");
        foreach (var message in tradeStreams[market].EndFill(market, missing)) Send(message);
        if (!isWhole) Say(HubEvents.Trades, market, "restored");
    }

    private void OnStats(StatsMessage message)
    {
        if (lastStats.TryGetValue(message.Market, out var known) && message.Epoch < known.Epoch)
        {
            metrics.Stale(Channels.Stats);
            return;
        }

        lastStats[message.Market] = message;
        var followers = subscribers.Of(new Subscription(HubEvents.Stats, message.Market));
        if (followers.Count == 0) return;
        var shared = SharedMessage.Of(HubEvents.Stats, message);
        foreach (var client in followers) client.Outbox.Stats(message.Market, shared);
    }

    /// <summary>Each owner's connections get that owner's updates and nothing of anybody else's.</summary>
    private void OnOrders(OrdersMessage message)
    {
        if (message.Epoch < ordersEpochs.GetValueOrDefault(message.Shard))
        {
            metrics.Stale(Channels.Orders);
            return;
        }

        ordersEpochs[message.Shard] = message.Epoch;
        foreach (var own in message.Updates.GroupBy(update => update.Owner.ToLowerInvariant()))
        {
            var followers = subscribers.Of(new Subscription(HubEvents.Orders, 0, own.Key));
            if (followers.Count > 0)
                SendToAll(followers, SharedMessage.Of(HubEvents.Orders, message with { Updates = [.. own] }, metrics.Delivered));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "The market-data feed could not take a {Item}.")]
        public static partial void ItemFailed(ILogger logger, Exception error, string item);

        [LoggerMessage(
            LogLevel.Information, "Market {Market}: the book is as of {Sequence}, and a message after {Previous} came; it is read anew.")]
        public static partial void Gap(ILogger logger, int market, long sequence, long previous);

        [LoggerMessage(
            LogLevel.Error,
            "Market {Market}: messages were taken up to ({Epoch}, {Sequence}), and the journal is at ({JournalEpoch}, {JournalSequence}); all are forgotten.")]
        public static partial void AheadOfJournal(
            ILogger logger, int market, long epoch, long sequence, long journalEpoch, long journalSequence);

        [LoggerMessage(LogLevel.Warning, "The journal could not be read for market data: {Reason}")]
        public static partial void NotRead(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Warning, "No market data comes in: the connection to Redis is lost.")]
        public static partial void ConnectionLost(ILogger logger);

        [LoggerMessage(LogLevel.Information, "Market data comes in again; all books are read anew.")]
        public static partial void ConnectionRestored(ILogger logger);
    }
}
