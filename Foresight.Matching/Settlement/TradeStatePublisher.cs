using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Tells every Api node of each change of a trade's settlement, after its commit. A lost message is harmless: the journal has it, and the
/// numbers show that it is missing. What became of the chain and of the settlement as a whole goes out as notices.
/// </summary>
public sealed class TradeStatePublisher(IBroadcast broadcast, INotices notices, SettlementMetrics metrics, TimeProvider clock)
{
    /// <summary>Trades in one message.</summary>
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
        // Both loops of a term publish; the numbers go out in their order.
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
    /// By the holder of another lease, so outside the numbers of the settlement's: whoever hears of it takes it as it is.
    /// </summary>
    public void PublishRepaired(TradeChange change) =>
        broadcast.Publish(Channels.TradeStates, new TradeStatesMessage(change.MarketId, 0, 0, 0, [State(change)]));

    /// <summary>Without its circumstances, which only operators may see: the operations API says them.</summary>
    public void TellCluster(Term term, string kind) =>
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent(kind, term.NodeId, term.Epoch, clock.GetUtcNow(), null));

    /// <param name="kind">As in <see cref="ChainEvent"/>.</param>
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
