using System.Collections.Concurrent;
using System.Text.Json;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>
/// Anyone with access to the server could publish, so each message is sealed by its sender, and a receiver drops what no node of the
/// cluster has sealed, or sealed for another channel, or that it has received before.
/// </summary>
public sealed partial class RedisBroadcast : IBroadcast
{
    private readonly ISubscriber _subscriber;
    private readonly string _prefix;
    private readonly MessageSeals _seals;
    private readonly DroppedMessages _dropped;
    private readonly ILogger<RedisBroadcast> _logger;
    private readonly ConcurrentDictionary<string, MessageSealer> _sealers = new();

    public RedisBroadcast(
        IConnectionMultiplexer redis,
        RedisSettings settings,
        MessageSeals seals,
        DroppedMessages dropped,
        ILogger<RedisBroadcast> logger
    )
    {
        (Connection, _subscriber, _prefix) = (redis, redis.GetSubscriber(), settings.KeyPrefix);
        (_seals, _dropped, _logger) = (seals, dropped, logger);
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
        if (!settings.HasPassword)
            Log.NoPassword(logger);
    }

    public event Action? Restored;

    /// <summary>
    /// Raised with the channel's name when a sender's counter left numbers out, or when there was no room, because its handler must then
    /// complete what it shows.
    /// </summary>
    public event Action<string>? Missed;

    public IConnectionMultiplexer Connection { get; }

    public RedisChannel Channel(string name) => RedisChannel.Literal(_prefix + name);

    public void Publish<T>(string channel, T message)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web);
        var sealer = _sealers.GetOrAdd(channel, name => _seals.SealerOf(_prefix + name));
        try
        {
            // Receivers take a counter below the last one for a replay, so messages must leave in the order in which they are sealed.
            lock (sealer)
            {
                var body = sealer.Seal(content);
                // Receivers detect a loss, also this one, by the numbers in the messages.
                if (body.Length <= MessageSeal.MaxBytes)
                    _subscriber.Publish(Channel(channel), body, CommandFlags.FireAndForget);
                else
                    _dropped.Count(channel, DroppedMessages.ReasonOf(SealFault.Oversized));
            }
        }
        catch (Exception error) when (error is RedisException or InvalidOperationException)
        {
            Log.NotPublished(_logger, channel, error.Message);
        }
    }

    /// <summary>
    /// Handles one message after the other, in the order in which Redis sent them, because a message that overtakes another looks like a
    /// loss. One that is not sealed, or not the JSON of a <typeparamref name="T"/>, is dropped.
    /// </summary>
    public void Subscribe<T>(string channel, Action<T> handle)
        where T : class => Subscribe<T>(channel, (message, _) => handle(message));

    /// <inheritdoc cref="Subscribe{T}(string, Action{T})"/>
    /// <param name="handle">
    /// Gets the length of the message's JSON in bytes too, at most <see cref="MessageSeal.MaxBytes"/>, so that one who keeps messages can
    /// bound what they take.
    /// </param>
    public void Subscribe<T>(string channel, Action<T, int> handle)
        where T : class
    {
        var (queue, verifier) = (_seals.NewQueue(), _seals.VerifierOf(_prefix + channel));
        _ = queue.RunAsync(
            message => Receive(channel, message, verifier, handle),
            () => Missed?.Invoke(channel),
            error => Log.NotHandled(_logger, error, channel)
        );
        try
        {
            // Through a queue, because the client runs plain handlers of a channel concurrently, and a message that overtakes another looks
            // like a gap. Without waiting, because a subscription that times out would return no queue.
            _subscriber
                .Subscribe(Channel(channel), CommandFlags.FireAndForget)
                .OnMessage(message => Add(channel, message.Message, queue));
            // Answered after the subscription, so from here on no message is missed.
            _subscriber.Ping();
        }
        catch (Exception error)
            when (error is TimeoutException or RedisException or InvalidOperationException or OperationCanceledException)
        {
            // Only the confirmation is late, because the client keeps the subscription and requests it when it can.
            Log.NotConfirmed(_logger, channel, error.Message);
        }
    }

    private void Add(string channel, ReadOnlyMemory<byte> message, ReceiveQueue queue)
    {
        // Here already, so that a few huge messages do not take the room of all others.
        if (message.Length > MessageSeal.MaxBytes)
            _dropped.Count(channel, DroppedMessages.ReasonOf(SealFault.Oversized));
        else if (!queue.TryAdd(message))
            _dropped.Count(channel, DroppedMessages.Flood);
    }

    private void Receive<T>(string channel, ReadOnlyMemory<byte> message, MessageVerifier verifier, Action<T, int> handle)
        where T : class
    {
        try
        {
            var fault = verifier.Open(message, out var content);
            if (fault != SealFault.None)
                _dropped.Count(channel, DroppedMessages.ReasonOf(fault));
            else if (JsonSerializer.Deserialize<T>(content.Span, JsonSerializerOptions.Web) is { } body)
                handle(body, content.Length);
            if (verifier.TakeMissed())
                Missed?.Invoke(channel);
        }
        catch (JsonException)
        {
            // Sealed, so a node of another version has sent it.
            _dropped.Count(channel, DroppedMessages.NotUnderstood);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Redis is used without a password, which is refused outside development. Set REDIS_PASSWORD, and a user with that password at "
                + "the server."
        )]
        public static partial void NoPassword(ILogger logger);

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

        [LoggerMessage(LogLevel.Error, "Message, or loss of messages, on channel {Channel} could not be handled.")]
        public static partial void NotHandled(ILogger logger, Exception error, string channel);
    }
}
