using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Publishes each change of a trade's settlement to every Api node, after its commit. A lost message is harmless: the journal has the
/// change, and receivers detect the gap by its numbers. Changes of the chain and of settlement as a whole are sent as notices.
/// </summary>
public sealed class TradeStatePublisher(IBroadcast broadcast, INotices notices, SettlementMetrics metrics, TimeProvider clock)
{
    public const int MaxTrades = 500;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _lastOfMarket = [];
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
            if (term.Epoch != _epoch)
            {
                (_epoch, _sequence) = (term.Epoch, 0);
                _lastOfMarket.Clear();
            }

            foreach (var market in changes.GroupBy(c => c.MarketId))
            {
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
    /// Publishes a change made under the lease of reconciliation, and therefore without a number in settlement's series: receivers apply it
    /// without a gap check.
    /// </summary>
    public void PublishRepaired(TradeChange change) =>
        broadcast.Publish(Channels.TradeStates, new TradeStatesMessage(change.MarketId, 0, 0, 0, [State(change)]));

    /// <summary>Publishes the kind of event without its details, which only operators may see; the operations API returns them.</summary>
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
