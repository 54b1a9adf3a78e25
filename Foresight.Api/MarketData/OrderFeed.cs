using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>An update is private, so a connection gets only those of its authenticated owner. Only the feed's loop uses it.</summary>
public sealed class OrderFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, long> _epochs = [];

    public bool Take(OrdersMessage message)
    {
        if (message.Epoch < _epochs.GetValueOrDefault(message.Shard))
        {
            metrics.Stale(Channels.Orders);
            return false;
        }

        _epochs[message.Shard] = message.Epoch;
        foreach (var own in message.Updates.GroupBy(update => update.Owner.ToLowerInvariant()))
        {
            var followers = clients.Of(new Subscription(HubEvents.Orders, 0, own.Key));
            if (followers.Count > 0)
                ClientRegistry.Send(followers, SharedMessage.Of(HubEvents.Orders, message with { Updates = [.. own] }, metrics.Delivered));
        }

        return true;
    }

    /// <summary>
    /// A message with a higher epoch than the journal's cannot come from a leader, and must not make later messages look stale.
    /// </summary>
    public void Lower(int shard, long epoch) => _epochs[shard] = Math.Min(_epochs.GetValueOrDefault(shard), epoch);
}
