using Foresight.Contracts;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.MarketData;

// How the feed finds out that it missed something, and what it does about it: it reads the journal, and tells clients where that takes
// long.
public sealed partial class MarketFeed
{
    /// <summary>Seconds without a book, or without Redis, after which clients are told which must be within 2 s.</summary>
    private const int TicksBeforeSaid = 1;

    /// <summary>Seconds between two comparisons of the books' positions with the journal's.</summary>
    private const int TicksBetweenComparisons = 10;

    /// <summary>After an outage every market that is followed has a gap; they must not take all connections of the pool.</summary>
    private const int GapsReadAtOnce = 4;

    private readonly SemaphoreSlim readingTrades = new(GapsReadAtOnce);
    private int ticksWithoutRedisSeen;
    private int ticksSinceComparison;
    private int shardRead = -1;

    private void Listen()
    {
        redis.Subscribe<DepthMessage>(Channels.Depth, message => Receive(Channels.Depth, new FeedItem.Depth(message)));
        redis.Subscribe<TradesMessage>(Channels.Trades, message => Receive(Channels.Trades, new FeedItem.Trades(message)));
        redis.Subscribe<StatsMessage>(Channels.Stats, message => Receive(Channels.Stats, new FeedItem.Stats(message)));
        redis.Subscribe<OrdersMessage>(Channels.Orders, message => Receive(Channels.Orders, new FeedItem.Orders(message)));
        redis.Subscribe<TradeStatesMessage>(
            Channels.TradeStates, message => Receive(Channels.TradeStates, new FeedItem.TradeStates(message)));
        redis.Connection.ConnectionFailed += (_, failed) =>
        {
            if (failed.ConnectionType == ConnectionType.Interactive) inbox.Writer.TryWrite(new FeedItem.ConnectionLost());
        };
        redis.Connection.ConnectionRestored += (_, restored) =>
        {
            if (restored.ConnectionType == ConnectionType.Interactive) inbox.Writer.TryWrite(new FeedItem.ConnectionRestored());
        };
        if (!redis.Connection.IsConnected) inbox.Writer.TryWrite(new FeedItem.ConnectionLost());
    }

    private void Receive(string channel, FeedItem item)
    {
        metrics.Received(channel);
        inbox.Writer.TryWrite(item);
    }

    private void Added(IReadOnlyList<Markets.Market> markets) => inbox.Writer.TryWrite(new FeedItem.MarketsAdded(markets));

    private async Task TickAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation)) inbox.Writer.TryWrite(new FeedItem.Tick());
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private void OnConnectionLost()
    {
        if (ticksWithoutRedis is not null) return;
        Log.ConnectionLost(logger);
        ticksWithoutRedis = 0;
        Volatile.Write(ref ticksWithoutRedisSeen, 1);
        foreach (var stream in streams.Values) stream.Distrust();
    }

    private void OnConnectionRestored()
    {
        // The client raises no event for a connection that it gives up because the server is silent. The books are kept then, by the
        // comparisons with the journal, and read at once now.
        if (ticksWithoutRedis is null)
        {
            readAgain = true;
            return;
        }

        Log.ConnectionRestored(logger);
        ticksWithoutRedis = null;
        Volatile.Write(ref ticksWithoutRedisSeen, 0);
        foreach (var market in streams.Keys) toRead.Add(market);
        // The server may have begun to tell us only after the books were read; so they are read once more, in a moment.
        readAgain = true;
        foreach (var (market, stream) in tradeStreams.ToList())
        {
            // Where nobody listens nothing is missed: that stream begins anew with the book.
            if (subscribers.Of(new Subscription(HubEvents.Trades, market)).Count == 0 && !stream.IsFilling) tradeStreams.Remove(market);
            else if (stream.BeginFill()) _ = ReadTradesAsync(market, stream.Sequence, long.MaxValue);
        }

        if (!silenceSaid) return;
        silenceSaid = false;
        Say(HubEvents.Stats, 0, "restored");
        // What an owner missed is not sent again: "restored" tells it to ask for its orders.
        Say(HubEvents.Orders, 0, "restored");
        SayTradeStates(subscribers.OfTopic(HubEvents.Trades), 0, "restored");
    }

    private void OnTick()
    {
        foreach (var client in subscribers.All) client.Outbox.Heartbeat();
        if (++ticksSinceComparison == TicksBetweenComparisons)
        {
            ticksSinceComparison = 0;
            foreach (var shard in streams.Values.GroupBy(stream => stream.Shard))
                _ = ComparePositionsAsync(shard.Key, [.. shard.Select(stream => (stream.Market, stream.Epoch, stream.Sequence))]);
        }

        foreach (var stream in streams.Values)
        {
            if (stream.IsLive) continue;
            var ticks = ticksWithoutBook[stream.Market] = ticksWithoutBook.GetValueOrDefault(stream.Market) + 1;
            if (ticks > TicksBeforeSaid && lostSaid.Add(stream.Market)) Say(HubEvents.Depth, stream.Market, "lost");
            if (ticksWithoutRedis is null) toRead.Add(stream.Market);
        }

        if (ticksWithoutRedis is { } silent)
        {
            ticksWithoutRedis = silent + 1;
            if (redis.Connection.GetSubscriber().IsConnected(redis.Channel(Channels.Depth)) && redis.Connection.IsConnected)
                OnConnectionRestored();
            else if (silent >= TicksBeforeSaid && !silenceSaid)
            {
                silenceSaid = true;
                Say(HubEvents.Trades, 0, "lost");
                Say(HubEvents.Stats, 0, "lost");
                Say(HubEvents.Orders, 0, "lost");
                SayTradeStates(subscribers.OfTopic(HubEvents.Trades), 0, "lost");
            }
        }
        else if (readAgain)
        {
            readAgain = false;
            foreach (var market in streams.Keys) toRead.Add(market);
        }
    }

    /// <summary>
    /// Nothing is published before it is committed, so no book can be ahead of the journal. One that is took a message of somebody else, or
    /// the journal was restored to an earlier point; either way it would pass over every message that is to come.
    /// </summary>
    private async Task ComparePositionsAsync(int shard, IReadOnlyList<(int Market, long Epoch, long Sequence)> seen)
    {
        try
        {
            var (epoch, sequence) = await books.PositionAsync(shard, stopping);
            inbox.Writer.TryWrite(new FeedItem.PositionRead(shard, seen, epoch, sequence));
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Nothing was learnt; the next comparison is in a few seconds.
            if (!stopping.IsCancellationRequested) Log.NotRead(logger, error.Message);
        }
    }

    private void OnPositionRead(FeedItem.PositionRead read)
    {
        foreach (var (market, epoch, sequence) in read.Seen)
        {
            if (epoch <= read.Epoch && sequence <= read.Sequence) continue;
            Log.AheadOfJournal(logger, market, epoch, sequence, read.Epoch, read.Sequence);
            metrics.Stale(Channels.Depth);
            // Clients have passed that position too: told so, they take the next snapshot wherever it is.
            if (lostSaid.Add(market)) Say(HubEvents.Depth, market, "lost");
            streams[market].Reset();
            if (tradeStreams.TryGetValue(market, out var trade) && !trade.IsFilling) tradeStreams.Remove(market);
            lastStats.Remove(market);
            ordersEpochs[read.Shard] = Math.Min(ordersEpochs.GetValueOrDefault(read.Shard), read.Epoch);
            toRead.Add(market);
        }
    }

    private void ReadBook(int market)
    {
        if (!streams.TryGetValue(market, out var stream)) return;
        stream.Distrust();
        toRead.Add(market);
    }

    /// <summary>One reading at a time, of all books of a shard that need it; when it ends, the next shard's turn comes.</summary>
    private void StartReading()
    {
        if (isReading || toRead.Count == 0 || ticksWithoutRedis is not null) return;
        isReading = true;
        int[] shards = [.. toRead.Select(market => streams[market].Shard).Distinct().Order()];
        var shard = shardRead = shards.FirstOrDefault(next => next > shardRead, shards[0]);
        int[] markets = [.. toRead.Where(market => streams[market].Shard == shard)];
        toRead.ExceptWith(markets);
        var binary = markets.Where(market => streams[market].IsBinary).ToHashSet();
        _ = ReadBooksAsync(shard, markets, binary);
    }

    private async Task ReadBooksAsync(int shard, int[] markets, HashSet<int> binary)
    {
        BookSnapshot? snapshot = null;
        try
        {
            snapshot = await books.ReadAsync(shard, markets, binary, stopping);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (stopping.IsCancellationRequested) return;
            Log.NotRead(logger, error.Message);
            await Task.Delay(RetryPause, clock, CancellationToken.None);
        }

        await inbox.Writer.WriteAsync(new FeedItem.BooksRead(markets, snapshot), CancellationToken.None);
    }

    private void OnBooksRead(IReadOnlyList<int> markets, BookSnapshot? snapshot)
    {
        isReading = false;
        foreach (var market in markets)
        {
            var stream = streams[market];
            if (snapshot is null || !stream.Take(snapshot, out var applied))
            {
                toRead.Add(market);
                continue;
            }

            if (!tradeStreams.TryGetValue(market, out var trade))
            {
                tradeStreams.Add(market, trade = new TradeStream());
                trade.Begin(snapshot.Sequence);
            }

            if (applied is not null) Send(stream, applied);
        }
    }

    private async Task ReadTradesAsync(int market, long after, long upTo)
    {
        IReadOnlyList<TradeView>? missing = null;
        await readingTrades.WaitAsync(CancellationToken.None);
        try
        {
            missing = await trades.BetweenAsync(market, after, upTo, TradeStream.MaxFill, stopping);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            if (stopping.IsCancellationRequested) return;
            Log.NotRead(logger, error.Message);
        }
        finally
        {
            readingTrades.Release();
        }

        await inbox.Writer.WriteAsync(new FeedItem.TradesRead(market, missing), CancellationToken.None);
    }
}
