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
/// Publishes what was committed to the Api nodes, in the journal's order. A slow or missing Redis does not delay the order flow: what
/// cannot be sent is lost, as any message of Redis Pub/Sub may be, and each message names its predecessor so that receivers detect the gap.
/// </summary>
internal sealed class Publisher(IBroadcast broadcast, INotices notices, Term term, int shard, TimeProvider clock, MatchingMetrics metrics)
{
    private readonly Channel<(JournalBatch Batch, Committed Committed)> _waiting = Channel.CreateBounded<(JournalBatch, Committed)>(
        new BoundedChannelOptions(MatchingLimits.WaitingPublications) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest }
    );

    private readonly Dictionary<int, long> _lastDepth = [];
    private readonly Dictionary<int, long> _lastTrades = [];

    private readonly WakeSignal _added = new();
    private bool _completed;

    public int Shard => shard;

    private readonly Dictionary<int, int> _toRepeat = [];

    /// <summary>Call only with committed batches: no client may see a trade that a failover can undo.</summary>
    public void Add(JournalBatch batch, Committed committed)
    {
        if (!batch.HasPublications && batch.Trace is null)
            return;
        _waiting.Writer.TryWrite((batch, committed));
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
        foreach (var message in batch.Depth)
            Send(Channels.Depth, message with { Previous = Advance(_lastDepth, message.Market, message.Sequence) });
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
        if (updates.Count > 0)
            Send(Channels.Orders, new OrdersMessage(term.Epoch, batch.LastSequence, updates, shard));
        batch.Trace?.Published();
    }

    /// <summary>
    /// Repeats the last position of silent markets. A lost message is detected by the next one of its market, and the last before a silence
    /// has none. So the position is sent again, without content and as its own predecessor: a receiver that has it ignores it, any other
    /// detects the gap within 1 s.
    /// </summary>
    private void RepeatPositions()
    {
        foreach (var (market, times) in _toRepeat.ToList())
        {
            if (_lastDepth.TryGetValue(market, out var depth))
                Send(Channels.Depth, new DepthMessage(market, term.Epoch, depth, depth, Snapshot: false, []));
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
