using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.Api.MarketData;

public sealed class RedisListener(RedisBroadcast redis, FeedInbox inbox, MarketDataMetrics metrics)
{
    private static readonly string[] Listened =
    [
        Channels.Depth,
        Channels.Trades,
        Channels.Stats,
        Channels.Orders,
        Channels.TradeStates,
        Channels.Withdrawals,
    ];

    private int _hasMissed;

    public bool IsConnected => redis.Connection.IsConnected;

    public bool IsSubscribed => redis.Connection.GetSubscriber().IsConnected(redis.Channel(Channels.Depth)) && IsConnected;

    public void Listen()
    {
        Listen<DepthMessage>(Channels.Depth, (message, bytes) => new FeedItem.Depth(message) { Bytes = bytes });
        Listen<TradesMessage>(Channels.Trades, (message, bytes) => new FeedItem.Trades(message) { Bytes = bytes });
        Listen<StatsMessage>(Channels.Stats, (message, bytes) => new FeedItem.Stats(message) { Bytes = bytes });
        Listen<OrdersMessage>(Channels.Orders, (message, bytes) => new FeedItem.Orders(message) { Bytes = bytes });
        Listen<TradeStatesMessage>(Channels.TradeStates, (message, bytes) => new FeedItem.TradeStates(message) { Bytes = bytes });
        Listen<WithdrawalsMessage>(Channels.Withdrawals, (message, bytes) => new FeedItem.Withdrawals(message) { Bytes = bytes });
        redis.Missed += channel =>
        {
            if (Listened.Contains(channel))
                Volatile.Write(ref _hasMissed, 1);
        };
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

    /// <summary>True once after a loss on the way to the feed's loop, so that a loss is completed once.</summary>
    public bool TakeMissed() => Interlocked.Exchange(ref _hasMissed, 0) == 1;

    public void Watch(Func<IReadOnlyDictionary<string, int>> subscriptions, Func<bool> isConnected) =>
        metrics.Watch(subscriptions, isConnected, Listened.Length);

    private void Listen<T>(string channel, Func<T, int, FeedItem> itemOf)
        where T : class => redis.Subscribe<T>(channel, (message, bytes) => Receive(channel, itemOf(message, bytes)));

    private void Receive(string channel, FeedItem item)
    {
        metrics.Received(channel);
        if (inbox.TryPost(item))
            return;
        metrics.Unhandled(channel, MarketDataMetrics.NoRoom);
        Volatile.Write(ref _hasMissed, 1);
    }
}
