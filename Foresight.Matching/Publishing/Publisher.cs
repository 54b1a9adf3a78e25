using System.Threading.Channels;
using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Publishing;

/// <summary>
/// A slow or missing Redis does not delay the order flow: what cannot be sent is lost, as any message of Redis Pub/Sub may be, and each
/// message names its predecessor so that receivers detect the gap.
/// </summary>
internal sealed class Publisher(IBroadcast broadcast, INotices notices, Term term, int shard, TimeProvider clock, MatchingMetrics metrics)
{
    private readonly Channel<(JournalBatch Batch, Committed Committed)> _waiting = Channel.CreateBounded<(JournalBatch, Committed)>(
        new BoundedChannelOptions(MatchingLimits.WaitingPublications) { SingleReader = true }
    );

    private readonly Dictionary<int, PublishedBook> _books = [];
    private readonly Dictionary<int, long> _lastDepth = [];
    private readonly Dictionary<int, long> _lastTrades = [];

    private readonly WakeSignal _added = new();
    private readonly Dictionary<int, int> _toRepeat = [];
    private bool _completed;
    private long _lastOrders;
    private long _dropped;
    private int _ticks;

    public int Shard => shard;

    /// <summary>Call only with committed batches: no client may see a trade that a failover can undo.</summary>
    public void Add(JournalBatch batch, Committed committed)
    {
        if (!batch.HasPublications && batch.Trace is null)
            return;
        if (!_waiting.Writer.TryWrite((batch, committed)))
            Volatile.Write(ref _dropped, batch.LastSequence);
        _added.Set();
    }

    public async Task RunAsync()
    {
        var repeated = clock.GetTimestamp();
        while (true)
        {
            var last = Volatile.Read(ref _completed);
            while (_waiting.Reader.TryRead(out var next))
                Publish(next.Batch, next.Committed);
            if (last)
                return;
            var left = MatchingLimits.TickInterval - clock.GetElapsedTime(repeated);
            if (left > TimeSpan.Zero)
            {
                // A timer counts whole milliseconds. Rounded down it would fire before the moment, and the loop would spin until then.
                await _added.WaitAsync(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), clock, CancellationToken.None);
                continue;
            }

            RepeatPositions();
            repeated = clock.GetTimestamp();
        }
    }

    public void Complete()
    {
        Volatile.Write(ref _completed, true);
        _added.Set();
    }

    private void Publish(JournalBatch batch, Committed committed)
    {
        if (Interlocked.Exchange(ref _dropped, 0) is > 0 and var dropped)
            LeaveGap(dropped);
        foreach (var message in batch.Depth)
        {
            if (!_books.TryGetValue(message.Market, out var book))
                _books.Add(message.Market, book = new PublishedBook());
            book.Take(message);
            Send(Channels.Depth, message with { Previous = Advance(_lastDepth, message.Market, message.Sequence) });
        }

        foreach (var message in batch.TradeMessages)
            Send(Channels.Trades, message with { Previous = Advance(_lastTrades, message.Market, message.Sequence) });
        foreach (var message in batch.Stats)
            Send(Channels.Stats, message);
        foreach (var (market, _) in batch.ListedMarkets)
            Tell(market, MarketState.Open, winner: null, batch);
        foreach (var (market, state, winner) in batch.ChangedMarkets)
            Tell(market, state, state == MarketState.Resolved ? winner : null, batch);

        var updates =
            committed.ClosedFills.Count == 0
                ? batch.OrderUpdates
                : [.. batch.OrderUpdates, .. committed.ClosedFills.Select(fill => UpdateOf(fill, batch.LastSequence))];
        // In parts, because a market that closes cancels all its orders in one batch, and a message has a largest size.
        foreach (var part in updates.Chunk(MatchingLimits.UpdatesPerMessage))
            Send(Channels.Orders, new OrdersMessage(term.Epoch, _lastOrders = batch.LastSequence, part, shard));
        batch.Trace?.Published();
    }

    /// <summary>
    /// After batches were dropped here, the next message of every market names a predecessor that no receiver has: each receiver then reads
    /// the journal.
    /// </summary>
    private void LeaveGap(long dropped)
    {
        foreach (var last in (ReadOnlySpan<Dictionary<int, long>>)[_lastDepth, _lastTrades])
        {
            foreach (var market in last.Keys)
                last[market] = Math.Max(last[market], dropped);
        }

        foreach (var (market, book) in _books)
        {
            book.Distrust();
            _toRepeat[market] = MatchingLimits.PositionRepeats;
        }
    }

    /// <summary>
    /// A lost message is detected by the next one of its market, and the last before a silence has none. So the position is sent again,
    /// without content and as its own predecessor: a receiver that has it ignores it, any other detects the gap within 1 s. Every few
    /// seconds all markets are repeated, with the hashes of their books, which receivers compare; and each time a message without updates
    /// is the sign that the shard has a leader whose messages arrive.
    /// </summary>
    private void RepeatPositions()
    {
        Send(Channels.Orders, new OrdersMessage(term.Epoch, _lastOrders, [], shard));
        var withHashes = ++_ticks % MatchingLimits.TicksPerHash == 0;
        if (withHashes)
            foreach (var market in _lastDepth.Keys)
                _toRepeat.TryAdd(market, 1);
        foreach (var (market, times) in _toRepeat.ToList())
        {
            if (_lastDepth.TryGetValue(market, out var depth))
            {
                var hashes = withHashes && _books.TryGetValue(market, out var book) ? book.Hashes : null;
                Send(Channels.Depth, new DepthMessage(market, term.Epoch, depth, depth, Snapshot: false, [], hashes));
            }

            if (_lastTrades.TryGetValue(market, out var trades))
                Send(Channels.Trades, new TradesMessage(market, term.Epoch, trades, trades, []));
            if (times == 1)
                _toRepeat.Remove(market);
            else
                _toRepeat[market] = times - 1;
        }
    }

    private void Send<T>(string channel, T message)
    {
        broadcast.Publish(channel, message);
        metrics.Published(channel);
    }

    private void Tell(MarketId market, MarketState state, int? winner, JournalBatch batch) =>
        notices.Publish(
            NoticeTopics.Markets,
            new MarketStateEvent(market.Value, state.ToString().ToLowerInvariant(), winner, term.Epoch, batch.LastSequence)
        );

    private OrderUpdate UpdateOf(ClosedFill fill, long sequence) =>
        new(
            Hex.Encode(fill.Owner),
            Hex.Encode(fill.OrderHash),
            fill.Market,
            fill.Settled ? "trade_settled" : "trade_bust",
            Status: "",
            FilledAmount: "",
            RemainingAmount: "",
            new FillView(
                fill.TradeId,
                Decimals.Price(fill.PriceTicks),
                Decimals.Shares(fill.Lots),
                fill.IsTaker ? "taker" : "maker",
                fill.Settled ? "final" : "failed"
            ),
            fill.Reason,
            term.Epoch,
            sequence
        );

    private long Advance(Dictionary<int, long> last, int market, long sequence)
    {
        _toRepeat[market] = MatchingLimits.PositionRepeats;
        var previous = last.GetValueOrDefault(market);
        last[market] = sequence;
        return previous;
    }
}
