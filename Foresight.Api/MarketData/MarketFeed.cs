using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// One loop handles messages of leaders, snapshots from the journal, and joining and leaving clients in turn, so that no race can duplicate
/// or lose a client's message. The loop never waits for a client or the database.
/// </summary>
public sealed partial class MarketFeed : BackgroundService
{
    private const string Unavailable = "unavailable";

    private readonly FeedInbox _inbox;
    private readonly FeedParts _parts;
    private readonly RedisListener _redis;
    private readonly MarketCatalog _catalog;
    private readonly TimeProvider _clock;
    private readonly ILogger<MarketFeed> _logger;
    private long _lastTurn;

    public MarketFeed(
        FeedInbox inbox,
        FeedParts parts,
        RedisListener redis,
        MarketCatalog catalog,
        TimeProvider clock,
        ILogger<MarketFeed> logger
    )
    {
        (_inbox, _parts, _redis, _catalog, _clock, _logger) = (inbox, parts, redis, catalog, clock, logger);
        _lastTurn = clock.GetTimestamp();
    }

    /// <summary>A tick arrives every second, so a longer silence means that the loop is stuck.</summary>
    public TimeSpan Silence => _clock.GetElapsedTime(Volatile.Read(ref _lastTurn));

    /// <summary>False while what Redis should deliver is read from the journal, because clients then see it some seconds late.</summary>
    public bool IsConnected => _redis.IsConnected && !_parts.Outage.IsActive && !_parts.Silence.IsReading;

    public DepthView? DepthOf(int market, int outcome, int levels) => _parts.Books.Find(market)?.View(outcome, levels);

    public (int? Bid, int? Ask) BestOf(int market, int outcome) => _parts.Books.Find(market)?.Best(outcome) ?? (null, null);

    /// <summary>Returns the reason of a refusal; null on success.</summary>
    public Task<string?> SubscribeAsync(HubClient client, Subscription subscription, (long Epoch, long Sequence)? from)
    {
        var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.TryPost(new FeedItem.Subscribe(client, subscription, from, answer)))
            answer.SetResult(Unavailable);
        return answer.Task;
    }

    public Task UnsubscribeAsync(HubClient client, Subscription subscription)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.TryPost(new FeedItem.Unsubscribe(client, subscription, done)))
            done.SetResult();
        return done.Task;
    }

    public void Join(HubClient client) => _inbox.PostSurely(new FeedItem.Joined(client));

    /// <summary>Must not be dropped, or the feed would write to the client forever; so it waits for room.</summary>
    public void Leave(HubClient client) => _inbox.PostSurely(new FeedItem.Left(client));

    /// <summary>
    /// A notice of <see cref="NoticeTopics.Notices"/> goes to all clients, because it concerns them whatever they follow.
    /// </summary>
    public void Take(string topic, object body) => _inbox.TryPost(new FeedItem.Notice(topic, body));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _inbox.Open(stoppingToken);
        _redis.Watch(_parts.Clients.CountByTopic, () => IsConnected);
        _catalog.Added += Added;
        _redis.Listen();
        Added([.. _catalog.Known]);
        var ticking = TickAsync(stoppingToken);
        try
        {
            await foreach (var item in _inbox.TakeAllAsync())
            {
                try
                {
                    Take(item);
                }
                catch (Exception error) when (error is not OperationCanceledException)
                {
                    // A defect triggered by one message must not stop the streams of all markets; its book is read again.
                    Log.ItemFailed(_logger, error, item.GetType().Name);
                    if (item is FeedItem.Depth { Message.Market: var market })
                        _parts.Books.Distrust(market);
                    if (item is FeedItem.Subscribe subscribe)
                        subscribe.Answer.TrySetResult(Unavailable);
                }

                Volatile.Write(ref _lastTurn, _clock.GetTimestamp());
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Expected at shutdown; the hub has notified the clients by then.
        }

        await ticking;
    }

    private void Added(IReadOnlyList<Market> markets) => _inbox.TryPost(new FeedItem.MarketsAdded(markets));

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                _inbox.TryPost(new FeedItem.Tick());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Expected at shutdown.
        }
    }

    private void Take(FeedItem item)
    {
        if (!_parts.Gate.Admits(item))
            return;
        Handle(item);
        _parts.Repair.Start();
    }

    private void Handle(FeedItem item)
    {
        switch (item)
        {
            case FeedItem.Depth(var message):
                _parts.Books.Take(message);
                break;
            case FeedItem.Trades(var message):
                _parts.Trades.Take(message);
                break;
            case FeedItem.Stats(var message):
                _parts.Stats.Take(message);
                break;
            case FeedItem.Orders(var message):
                if (_parts.Orders.Take(message))
                    _parts.Silence.Hear(message.Shard);
                break;
            case FeedItem.TradeStates(var message):
                _parts.TradeStates.Take(message);
                break;
            case FeedItem.Withdrawals(var message):
                _parts.Withdrawals.Take(message);
                break;
            case FeedItem.Notice(var topic, var body):
                OnNotice(topic, body);
                break;
            case FeedItem.MarketsAdded(var markets):
                _parts.Books.Add(markets);
                break;
            case FeedItem.Subscribe subscribe:
                subscribe.Answer.TrySetResult(OnSubscribe(subscribe));
                break;
            case FeedItem.Unsubscribe(var client, var subscription, var done):
                _parts.Clients.Remove(client, subscription);
                if (subscription.Topic == HubEvents.Depth)
                    client.Outbox.Forget(subscription.Market);
                done.TrySetResult();
                break;
            case FeedItem.Joined(var client) when !client.HasLeft:
                _parts.Clients.Join(client);
                break;
            case FeedItem.Left(var client):
                client.HasLeft = true;
                _parts.Clients.Leave(client);
                break;
            case FeedItem.ConnectionLost:
                OnConnectionLost();
                break;
            case FeedItem.ConnectionRestored:
                OnConnectionRestored();
                break;
            case FeedItem.BooksRead(var markets, var snapshot):
                _parts.Repair.End();
                foreach (var market in _parts.Books.Take(markets, snapshot))
                    _parts.Trades.Begin(market, snapshot!.Sequence);
                break;
            case FeedItem.TradesRead(var market, var missing):
                _parts.Trades.TakeMissing(market, missing);
                break;
            case FeedItem.PositionRead read:
                OnPositionRead(read);
                break;
            case FeedItem.Tick:
                OnTick();
                break;
        }
    }

    private void OnNotice(string topic, object body)
    {
        var clients = topic == NoticeTopics.Notices ? _parts.Clients.All : _parts.Clients.Of(new Subscription(topic, 0));
        ClientRegistry.Send(clients, SharedMessage.Of(topic, body));
    }

    private string? OnSubscribe(FeedItem.Subscribe request)
    {
        var (client, subscription) = (request.Client, request.Subscription);
        if (client.HasLeft)
            return Unavailable;
        if (client.Subscriptions.Count >= HubClient.MaxSubscriptions)
            return "too_many_subscriptions";
        if (subscription.Market != 0 && !_parts.Books.Knows(subscription.Market))
            return Unavailable;
        _parts.Clients.Add(client, subscription);
        if (subscription.Topic == HubEvents.Depth)
            _parts.Books.Welcome(client, subscription.Market, request.From);
        if (subscription.Topic == HubEvents.Stats)
            _parts.Stats.Welcome(client, subscription.Market);
        return null;
    }

    private void OnConnectionLost()
    {
        if (!_parts.Outage.Begin())
            return;
        Log.ConnectionLost(_logger);
        _parts.Books.DistrustAll();
    }

    private void OnConnectionRestored()
    {
        // StackExchange.Redis raises no event when it drops a connection because the server is silent. The comparisons with the journal
        // have kept the books valid until now; they are read again at once.
        if (!_parts.Outage.IsActive)
        {
            _parts.Books.ReadAllAtNextTick();
            return;
        }

        Log.ConnectionRestored(_logger);
        _parts.Outage.End();
        _parts.Books.ReadAllTwice();
        _parts.Trades.FillAll();
        _parts.Outage.AnnounceEnd();
    }

    private void OnTick()
    {
        foreach (var client in _parts.Clients.All)
            client.Outbox.Heartbeat();
        if (_redis.TakeMissed())
            _parts.Silence.MissMessages();
        _parts.Gate.Tick();
        _parts.Check.Tick(Positions());
        _parts.Books.Tick(isOutage: _parts.Outage.IsActive);
        if (!_parts.Outage.IsActive)
            return;
        if (_redis.IsSubscribed)
            OnConnectionRestored();
        else
            _parts.Outage.Tick();
    }

    private IEnumerable<(int Shard, int Market, long Epoch, long Sequence)> Positions() =>
        _parts
            .Books.All.Select(stream => (stream.Shard, stream.Market, stream.Epoch, stream.Sequence))
            .Concat(
                _parts.Trades.Positions.Select(stream =>
                    (_parts.Books.Find(stream.Market)!.Shard, stream.Market, stream.Epoch, stream.Sequence)
                )
            );

    private void OnPositionRead(FeedItem.PositionRead read)
    {
        var journal = read.Journal;
        _parts.Orders.Lower(read.Shard, journal.Epoch);
        _parts.TradeStates.Lower(journal.SettlementEpoch);
        _parts.Withdrawals.Lower(journal.SettlementEpoch);
        foreach (var (market, epoch, sequence) in read.Seen)
        {
            if (epoch <= journal.Epoch && sequence <= journal.Sequence)
                continue;
            Log.AheadOfJournal(_logger, market, epoch, sequence, journal.Epoch, journal.Sequence);
            _parts.Books.Reset(market);
            _parts.Trades.Reset(market);
            _parts.Stats.Forget(market);
        }

        foreach (var held in _parts.Gate.Release(read))
            Handle(held);
        // A reading for the gate's sake may come at any time, so it is no moment to judge a silence.
        if (read.Seen.Count > 0)
            CompleteFromJournal(read.Shard, (journal.Epoch, journal.Sequence));
    }

    /// <summary>
    /// Repeated every few seconds for as long as Redis does not deliver. Order updates that were missed are not sent again, so owners are
    /// notified to read their orders.
    /// </summary>
    private void CompleteFromJournal(int shard, (long Epoch, long Sequence) end)
    {
        var isMissing = _parts.Silence.EndsIn(shard, end);
        if (isMissing)
        {
            Log.Completed(_logger, shard, end.Sequence);
            _parts.Trades.Fill(market => _parts.Books.Find(market)?.Shard == shard);
            _parts.Outage.AnnounceMissed();
        }

        if (isMissing || _parts.Outage.IsActive)
            _parts.Books.Read(shard, onlyMissing: !isMissing);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "Market-data feed failed to process an item of type {Item}; the affected book is read again.")]
        public static partial void ItemFailed(ILogger logger, Exception error, string item);

        [LoggerMessage(
            LogLevel.Error,
            "Market {Market} is ahead of the journal: feed at ({Epoch}, {Sequence}), journal at ({JournalEpoch}, {JournalSequence}). "
                + "The market's feed is reset."
        )]
        public static partial void AheadOfJournal(
            ILogger logger,
            int market,
            long epoch,
            long sequence,
            long journalEpoch,
            long journalSequence
        );

        [LoggerMessage(
            LogLevel.Warning,
            "Messages of shard {Shard} are missing; its streams are read from the journal up to sequence {Sequence}."
        )]
        public static partial void Completed(ILogger logger, int shard, long sequence);

        [LoggerMessage(LogLevel.Warning, "Connection to Redis lost; no market data is received until it is restored.")]
        public static partial void ConnectionLost(ILogger logger);

        [LoggerMessage(LogLevel.Information, "Connection to Redis restored; reading all books again.")]
        public static partial void ConnectionRestored(ILogger logger);
    }
}
