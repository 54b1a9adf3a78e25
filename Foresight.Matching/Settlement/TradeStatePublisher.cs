using System.Text.Json;
using Foresight.Chain;
using Foresight.Contracts;
using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Matching.Settlement;

/// <summary>Tells every Api node of each change of a trade's settlement, after its commit. A lost message is harmless: the journal has it.</summary>
public sealed class TradeStatePublisher(RedisConnection redis, SettlementMetrics metrics, TimeProvider clock)
{
    /// <summary>Trades in one message.</summary>
    public const int MaxTrades = 500;

    public void Publish(Term term, IReadOnlyCollection<TradeChange> changes)
    {
        metrics.Changed(changes);
        foreach (var part in changes.Chunk(MaxTrades))
        {
            var states = part.Select(c => new TradeState(
                c.TradeId, c.MarketId, c.Settlement, c.Reason, c.TransactionHash is { } hash ? Hex.Encode(hash) : null, c.BlockNumber));
            Publish(term, "trade_state", JsonSerializer.Serialize(states, JsonSerializerOptions.Web));
        }
    }

    public void Publish(Term term, string kind, string? detail)
        => redis.Publish(Channels.ClusterEvents, new ClusterEvent(kind, term.NodeId, term.Epoch, clock.GetUtcNow(), detail));
}
