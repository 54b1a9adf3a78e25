using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Call after the commit. A lost message is harmless: the journal has the change, and receivers detect the gap by its numbers. The last
/// message before a silence has no successor, so positions are repeated.
/// </summary>
public sealed class TradeStatePublisher(IBroadcast broadcast, INotices notices, SettlementMetrics metrics, TimeProvider clock)
{
    public const int MaxTrades = 500;

    private const int RepeatsAfterChange = 3;
    private const int SecondsPerRound = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _lastOfMarket = [];
    private readonly Dictionary<int, int> _toRepeat = [];
    private int _ticks;
    private long _epoch;
    private long _sequence;

    public void Publish(Term term, IReadOnlyCollection<TradeChange> changes)
    {
        metrics.Changed(changes);
        foreach (var state in changes.CountBy(change => change.Settlement))
            Tell("settlement", block: 0, state.Value, state.Key);
        // Both loops of a term publish, and the messages must leave in the order of their numbers.
        lock (_gate)
        {
            Enter(term);
            foreach (var market in changes.GroupBy(c => c.MarketId))
            {
                _toRepeat[market.Key] = RepeatsAfterChange;
                foreach (var part in market.Chunk(MaxTrades))
                {
                    var message = new TradeStatesMessage(
                        market.Key,
                        _epoch,
                        ++_sequence,
                        _lastOfMarket.GetValueOrDefault(market.Key),
                        [.. part.Select(State)]
                    );
                    _lastOfMarket[market.Key] = _sequence;
                    broadcast.Publish(Channels.TradeStates, message);
                }
            }
        }
    }

    /// <summary>
    /// Call each second of a term. Without trades and as its own predecessor: a receiver that has the position ignores it, any other
    /// detects the gap. A market that was silent is repeated every few seconds. A new term begins with a position of each market, because
    /// the last message of the holder before may never have been sent.
    /// </summary>
    public void RepeatPositions(Term term, IEnumerable<int> markets)
    {
        lock (_gate)
        {
            Enter(term);
            foreach (var market in markets)
                if (!_lastOfMarket.ContainsKey(market))
                    (_lastOfMarket[market], _toRepeat[market]) = (++_sequence, RepeatsAfterChange);
            var all = ++_ticks % SecondsPerRound == 0;
            foreach (var (market, last) in _lastOfMarket)
            {
                var left = _toRepeat.GetValueOrDefault(market);
                if (left > 0)
                    _toRepeat[market] = left - 1;
                if (all || left > 0)
                    broadcast.Publish(Channels.TradeStates, new TradeStatesMessage(market, _epoch, last, last, []));
            }
        }
    }

    private void Enter(Term term)
    {
        if (term.Epoch == _epoch)
            return;
        (_epoch, _sequence) = (term.Epoch, 0);
        _lastOfMarket.Clear();
        _toRepeat.Clear();
    }

    /// <summary>
    /// A change under the lease of reconciliation has no number in settlement's series, so receivers apply it without a gap check.
    /// </summary>
    public void PublishRepaired(TradeChange change) =>
        broadcast.Publish(Channels.TradeStates, new TradeStatesMessage(change.MarketId, 0, 0, 0, [State(change)]));

    /// <summary>Leaves out the details of the event, which only operators may see; the operations API returns them.</summary>
    public void TellCluster(Term term, string kind) =>
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent(kind, term.NodeId, term.Epoch, clock.GetUtcNow(), null));

    public void Tell(string kind, long block, int trades = 0, string? state = null) =>
        notices.Publish(NoticeTopics.Chain, new ChainEvent(kind, block, clock.GetUtcNow(), trades, state));

    private static TradeState State(TradeChange change) =>
        new(
            change.TradeId,
            change.MarketId,
            change.Settlement,
            change.Reason,
            change.TransactionHash is { } hash ? Hex.Encode(hash) : null,
            change.BlockNumber
        );
}
