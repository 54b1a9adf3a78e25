using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.Api.MarketData;

public sealed class RedisListener(RedisBroadcast redis, FeedInbox inbox, MarketDataMetrics metrics)
{
    private static readonly string[] Listened = [Channels.Depth, Channels.Trades, Channels.Stats, Channels.Orders, Channels.TradeStates];

    public bool IsConnected => redis.Connection.IsConnected;

    public bool IsSubscribed => redis.Connection.GetSubscriber().IsConnected(redis.Channel(Channels.Depth)) && IsConnected;

    public void Listen()
    {
        redis.Subscribe<DepthMessage>(Channels.Depth, message => Receive(Channels.Depth, new FeedItem.Depth(message)));
        redis.Subscribe<TradesMessage>(Channels.Trades, message => Receive(Channels.Trades, new FeedItem.Trades(message)));
        redis.Subscribe<StatsMessage>(Channels.Stats, message => Receive(Channels.Stats, new FeedItem.Stats(message)));
        redis.Subscribe<OrdersMessage>(Channels.Orders, message => Receive(Channels.Orders, new FeedItem.Orders(message)));
        redis.Subscribe<TradeStatesMessage>(
            Channels.TradeStates,
            message => Receive(Channels.TradeStates, new FeedItem.TradeStates(message))
        );
        redis.Connection.ConnectionFailed += (_, failed) =>
        {
            if (failed.ConnectionType == ConnectionType.Interactive)
                inbox.TryPost(new FeedItem.ConnectionLost());
        };
        redis.Connection.ConnectionRestored += (_, restored) =>
        {
            if (restored.ConnectionType == ConnectionType.Interactive)
                inbox.TryPost(new FeedItem.ConnectionRestored());
        };
        if (!IsConnected)
            inbox.TryPost(new FeedItem.ConnectionLost());
    }

    public void Watch(Func<IReadOnlyDictionary<string, int>> subscriptions, Func<bool> isConnected) =>
        metrics.Watch(subscriptions, isConnected, Listened.Length);

    private void Receive(string channel, FeedItem item)
    {
        metrics.Received(channel);
        inbox.TryPost(item);
    }
}
