using System.Text.Json;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>JSON messages over Redis Pub/Sub, on channels with the cluster's prefix.</summary>
public sealed partial class RedisBroadcast : IBroadcast
{
    private readonly ISubscriber _subscriber;
    private readonly string _prefix;
    private readonly ILogger<RedisBroadcast> _logger;

    public RedisBroadcast(IConnectionMultiplexer redis, RedisSettings settings, ILogger<RedisBroadcast> logger)
    {
        (Connection, _subscriber, _prefix, _logger) = (redis, redis.GetSubscriber(), settings.KeyPrefix, logger);
        redis.ConnectionRestored += (_, connection) =>
        {
            if (connection.ConnectionType != ConnectionType.Interactive)
                return;
            Log.Restored(logger);
            // Handlers run on the thread pool, because the client's own thread must not wait for them.
            ThreadPool.QueueUserWorkItem(_ => Restored?.Invoke());
        };
        redis.ConnectionFailed += (_, connection) =>
        {
            if (connection.ConnectionType == ConnectionType.Interactive)
                Log.Failed(logger, connection.FailureType);
        };
        if (!redis.IsConnected)
            Log.NotThere(logger);
    }

    public event Action? Restored;

    public IConnectionMultiplexer Connection { get; }

    public RedisChannel Channel(string name) => RedisChannel.Literal(_prefix + name);

    public void Publish<T>(string channel, T message)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web);
        try
        {
            // Receivers detect a loss by the numbers in the messages.
            _subscriber.Publish(Channel(channel), body, CommandFlags.FireAndForget);
        }
        catch (Exception error) when (error is RedisException or InvalidOperationException)
        {
            Log.NotPublished(_logger, channel, error.Message);
        }
    }

    /// <summary>
    /// Handles the channel's messages one by one, in the order in which Redis sent them. The client subscribes again after each
    /// reconnection. A message that is not the JSON of a <typeparamref name="T"/> is logged and dropped: anyone with access to the server
    /// could publish it.
    /// </summary>
    public void Subscribe<T>(string channel, Action<T> handle)
        where T : class
    {
        try
        {
            // Through a queue, because the client runs plain handlers of a channel concurrently, and a message that overtakes another looks
            // like a gap. Without waiting, because a subscription that times out would return no queue.
            _subscriber
                .Subscribe(Channel(channel), CommandFlags.FireAndForget)
                .OnMessage(message => Receive(channel, message.Message, handle));
            // Answered after the subscription, so from here on no message is missed.
            _subscriber.Ping();
        }
        catch (Exception error)
            when (error is TimeoutException or RedisException or InvalidOperationException or OperationCanceledException)
        {
            // Only the confirmation is late: the client keeps the subscription and requests it when it can.
            Log.NotConfirmed(_logger, channel, error.Message);
        }
    }

    private void Receive<T>(string channel, RedisValue body, Action<T> handle)
        where T : class
    {
        T? message;
        try
        {
            message = JsonSerializer.Deserialize<T>((byte[])body!, JsonSerializerOptions.Web);
        }
        catch (JsonException error)
        {
            Log.NotUnderstood(_logger, channel, error.Message);
            return;
        }

        if (message is not null)
            handle(message);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Redis is not reachable; starting without it and reconnecting in the background.")]
        public static partial void NotThere(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Connection to Redis failed ({Failure}); reconnecting.")]
        public static partial void Failed(ILogger logger, ConnectionFailureType failure);

        [LoggerMessage(LogLevel.Information, "Connection to Redis restored.")]
        public static partial void Restored(ILogger logger);

        [LoggerMessage(LogLevel.Debug, "Message to channel {Channel} was not published: {Reason}")]
        public static partial void NotPublished(ILogger logger, string channel, string reason);

        [LoggerMessage(LogLevel.Warning, "Subscription to channel {Channel} is not confirmed yet: {Reason}")]
        public static partial void NotConfirmed(ILogger logger, string channel, string reason);

        [LoggerMessage(LogLevel.Warning, "Message on channel {Channel} is malformed and was dropped: {Reason}")]
        public static partial void NotUnderstood(ILogger logger, string channel, string reason);
    }
}
