using Foresight.Protocol;

namespace Foresight.Api.MarketData;

public sealed class StatsFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, StatsMessage> _last = [];

    public void Take(StatsMessage message)
    {
        if (_last.TryGetValue(message.Market, out var known) && message.Epoch < known.Epoch)
        {
            metrics.Stale(Channels.Stats);
            return;
        }

        _last[message.Market] = message;
        var followers = clients.Of(new Subscription(HubEvents.Stats, message.Market));
        if (followers.Count == 0)
            return;
        var shared = SharedMessage.Of(HubEvents.Stats, message);
        foreach (var client in followers)
            client.Outbox.Stats(message.Market, shared);
    }

    public void Welcome(HubClient client, int market)
    {
        if (_last.TryGetValue(market, out var stats))
            client.Outbox.Stats(market, SharedMessage.Of(HubEvents.Stats, stats));
    }

    public void Forget(int market) => _last.Remove(market);
}
