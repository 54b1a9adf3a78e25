using System.Text.Json;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Redis;

/// <summary>
/// This process' connection to Redis. It is made even while the server is down (every command then fails at once) and heals by itself,
/// subscriptions included: a fault of Redis never ends a process and never blocks its start for longer than <see cref="ConnectTimeout"/>.
/// </summary>
public sealed partial class RedisConnection : IBroadcast, IDisposable
{
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A server that has not answered for this long is treated as gone: the socket is closed and its waiting commands fail.
    /// </summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(3);

    /// <summary>The client's own background beat; it is also what notices a silent server.</summary>
    private const int KeepAliveSeconds = 1;

    private readonly string prefix;
    private readonly ILogger<RedisConnection> logger;

    public RedisConnection(RedisSettings settings, ILogger<RedisConnection> logger)
    {
        prefix = settings.KeyPrefix;
        this.logger = logger;
        // As text, because the later versions of the client keep some of these names in the text form only.
        var options = ConfigurationOptions.Parse(
            $"{settings.Configuration},abortConnect=false,connectRetry=1,connectTimeout={(int)ConnectTimeout.TotalMilliseconds}" +
            $",syncTimeout=1000,responseTimeout={(int)ResponseTimeout.TotalMilliseconds},keepAlive={KeepAliveSeconds}");
        options.AbortOnConnectFail = false;
        options.ReconnectRetryPolicy = new LinearRetry(500);
        Multiplexer = ConnectionMultiplexer.Connect(options);
        Multiplexer.ConnectionRestored += (_, connection) =>
        {
            if (connection.ConnectionType != ConnectionType.Interactive) return;
            Log.Restored(logger);
            // Handlers run on the pool: the client's own thread must not wait for them.
            ThreadPool.QueueUserWorkItem(_ => Restored?.Invoke());
        };
        Multiplexer.ConnectionFailed += (_, connection) =>
        {
            if (connection.ConnectionType == ConnectionType.Interactive) Log.Failed(logger, connection.FailureType);
        };
        if (!Multiplexer.IsConnected) Log.NotThere(logger);
    }

    /// <summary>Raised after the connection came back. Whatever this process keeps in Redis may be gone: say it again.</summary>
    public event Action? Restored;

    public ConnectionMultiplexer Multiplexer { get; }

    public bool IsConnected => Multiplexer.IsConnected;

    public IDatabase Database => Multiplexer.GetDatabase();

    public ISubscriber Subscriber => Multiplexer.GetSubscriber();

    /// <summary>The name with the cluster's prefix: for keys and for channels.</summary>
    public string Key(string name) => prefix + name;

    /// <summary>
    /// Publishes as JSON and does not wait. While Redis is away the message is lost, as any message of Redis Pub/Sub may be; receivers
    /// find the gap by the numbers in the messages.
    /// </summary>
    public void Publish<T>(string channel, T message)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(message, JsonSerializerOptions.Web);
        try
        {
            Subscriber.Publish(RedisChannel.Literal(Key(channel)), body, CommandFlags.FireAndForget);
        }
        catch (RedisException error)
        {
            Log.NotPublished(logger, channel, error.Message);
        }
    }

    /// <summary>
    /// Calls back with every message of the channel, now and after each reconnection. A message that is not the JSON of a
    /// <typeparamref name="T"/> is logged and dropped: anybody who reaches the server could publish it.
    /// </summary>
    public void Subscribe<T>(string channel, Action<T> handle) where T : class
    {
        try
        {
            Subscriber.Subscribe(RedisChannel.Literal(Key(channel)), (_, body) => Receive(channel, body, handle));
        }
        catch (Exception error) when (error is TimeoutException or RedisException)
        {
            // The client remembers the subscription and asks for it when it can; only its confirmation did not come in time.
            Log.NotConfirmed(logger, channel, error.Message);
        }
    }

    private void Receive<T>(string channel, RedisValue body, Action<T> handle) where T : class
    {
        T? message;
        try
        {
            message = JsonSerializer.Deserialize<T>((byte[])body!, JsonSerializerOptions.Web);
        }
        catch (JsonException error)
        {
            Log.NotUnderstood(logger, channel, error.Message);
            return;
        }

        if (message is not null) handle(message);
    }

    public void Dispose() => Multiplexer.Dispose();

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Redis is not reachable yet; this process starts without it and joins when it is there.")]
        public static partial void NotThere(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "The connection to Redis failed ({Failure}); it is being made again.")]
        public static partial void Failed(ILogger logger, ConnectionFailureType failure);

        [LoggerMessage(LogLevel.Information, "The connection to Redis is back.")]
        public static partial void Restored(ILogger logger);

        [LoggerMessage(LogLevel.Debug, "A message for {Channel} was not published: {Reason}")]
        public static partial void NotPublished(ILogger logger, string channel, string reason);

        [LoggerMessage(LogLevel.Warning, "The subscription of {Channel} is not confirmed yet: {Reason}")]
        public static partial void NotConfirmed(ILogger logger, string channel, string reason);

        [LoggerMessage(LogLevel.Warning, "A message of {Channel} is not understood and was dropped: {Reason}")]
        public static partial void NotUnderstood(ILogger logger, string channel, string reason);
    }
}
