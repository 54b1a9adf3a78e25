using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>Private updates: each connection gets the updates of its authenticated owner only. Used by the feed's loop alone.</summary>
public sealed class OrderFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, long> _epochs = [];

    public void Take(OrdersMessage message)
    {
        if (message.Epoch < _epochs.GetValueOrDefault(message.Shard))
        {
            metrics.Stale(Channels.Orders);
            return;
        }

        _epochs[message.Shard] = message.Epoch;
        foreach (var own in message.Updates.GroupBy(update => update.Owner.ToLowerInvariant()))
        {
            var followers = clients.Of(new Subscription(HubEvents.Orders, 0, own.Key));
            if (followers.Count > 0)
                ClientRegistry.Send(followers, SharedMessage.Of(HubEvents.Orders, message with { Updates = [.. own] }, metrics.Delivered));
        }
    }

    /// <summary>Records the epoch of the shard's journal: a message with a higher epoch cannot come from a leader.</summary>
    public void Lower(int shard, long epoch) => _epochs[shard] = Math.Min(_epochs.GetValueOrDefault(shard), epoch);
}
