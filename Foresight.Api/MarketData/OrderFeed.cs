using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Private updates: an owner's connections get that owner's, and nothing of anybody else's. Only the feed's loop uses it.
/// </summary>
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

    /// <summary>The shard's journal is at this epoch: messages of higher ones were no leader's.</summary>
    public void Lower(int shard, long epoch) => _epochs[shard] = Math.Min(_epochs.GetValueOrDefault(shard), epoch);
}
