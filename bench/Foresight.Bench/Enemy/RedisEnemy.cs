using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Protocol;
using StackExchange.Redis;

namespace Foresight.Bench.Enemy;

/// <summary>
/// Has the rights of a matching node in Redis, but no key of the cluster, so only signatures and seals stop it. Writes at a steady rate,
/// whatever the answers.
/// </summary>
internal sealed class RedisEnemy : IAsyncDisposable
{
    public const string Prefix = ServiceDefaults.Redis.RedisSettings.DefaultKeyPrefix;

    private const int MostUnanswered = 500;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ReadingInterval = TimeSpan.FromSeconds(1);

    private readonly ConnectionMultiplexer _redis;
    private readonly ConnectionMultiplexer _map;
    private readonly double _rate;
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentDictionary<string, byte> _keys = new();
    private readonly ConcurrentDictionary<string, byte> _forbidden = new();
    private readonly ConcurrentDictionary<string, byte> _channels = new();
    private readonly ConcurrentDictionary<string, int> _refused = new();
    private readonly Lock _gate = new();
    private Task _reading = Task.CompletedTask;
    private Task _writing = Task.CompletedTask;
    private IReadOnlyList<Act> _acts = [];
    private long _writes;
    private long _lastWrite;
    private double _longestPause;
    private int _unanswered;

    private RedisEnemy(ConnectionMultiplexer redis, ConnectionMultiplexer map, FakeGateway gateway, Loot loot, double rate, int seed)
    {
        (_redis, _map, Gateway, Loot, _rate) = (redis, map, gateway, loot, rate);
        Random = new Random(seed);
        Database = redis.GetDatabase();
        string[] resources = [LeasedResources.Matching, LeasedResources.Settlement, LeasedResources.Reconciliation];
        foreach (var resource in resources)
            _keys[$"{Prefix}leader:{resource}"] = 0;
        _keys[$"{Prefix}nodes"] = 0;
        string[] channels =
        [
            Channels.Depth,
            Channels.Trades,
            Channels.Stats,
            Channels.Orders,
            Channels.TradeStates,
            Channels.ClusterLeader,
            Channels.ClusterNodes,
        ];
        foreach (var channel in channels)
            _channels[Prefix + channel] = 0;
        foreach (var topic in NoticeTopics.All)
            _channels[NoticeForgery.ChannelOf(topic)] = 0;
    }

    public IDatabase Database { get; }

    public Random Random { get; }

    public Loot Loot { get; }

    public FakeGateway Gateway { get; }

    /// <summary>Those that the role may use: one of another role would make the command about all of them fail.</summary>
    public IReadOnlyList<string> Keys => [.. _keys.Keys.Where(key => !_forbidden.ContainsKey(key))];

    public IReadOnlyList<string> KnownChannels => [.. _channels.Keys];

    public long Writes => Volatile.Read(ref _writes);

    /// <summary>In seconds, while there was something to do: during a longer pause a run would show nothing.</summary>
    public double LongestPause
    {
        get
        {
            lock (_gate)
                return _longestPause;
        }
    }

    /// <summary>A hub client follows the private updates of this account, so a forged fill that is believed is seen.</summary>
    public string Victim { get; init; } = "";

    /// <summary>Every trader knows where the journal is, so the enemy does too.</summary>
    public Func<JournalPlace> Position { get; init; } = () => default;

    public IReadOnlyDictionary<string, int> Refused => _refused;

    /// <param name="connections">
    /// That of the role, by which the enemy listens, reads and writes; and that of the server's administrator, which lists keys and
    /// channels, because the role may not ask and an intruder knows them from the source.
    /// </param>
    public static async Task<RedisEnemy> StartAsync(
        (string Role, string Map) connections,
        FakeGateway gateway,
        Loot loot,
        (double Rate, int Seed) pace,
        (string Victim, Func<JournalPlace> Position) knowledge
    )
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(OptionsOf(connections.Role));
        var map = await ConnectionMultiplexer.ConnectAsync(OptionsOf(connections.Map));
        var enemy = new RedisEnemy(redis, map, gateway, loot, pace.Rate, pace.Seed)
        {
            Victim = knowledge.Victim,
            Position = knowledge.Position,
        };
        await enemy.ReadOnceAsync();
        enemy._reading = enemy.ReadAsync();
        enemy._writing = enemy.WriteAsync();
        return enemy;
    }

    public void Do(IReadOnlyList<Act> acts)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            // The pause before a change of acts counts too.
            if (_lastWrite > 0)
                _longestPause = Math.Max(_longestPause, Stopwatch.GetElapsedTime(_lastWrite, now).TotalSeconds);
            _lastWrite = acts.Count > 0 ? now : 0;
        }

        Volatile.Write(ref _acts, acts);
    }

    public Task<long> PublishAsync(string channel, byte[] message) => Database.PublishAsync(RedisChannel.Literal(channel), message);

    public T Pick<T>(IReadOnlyList<T> from)
    {
        lock (Random)
            return from[Random.Next(from.Count)];
    }

    public byte[] Noise(int length)
    {
        var noise = new byte[length];
        lock (Random)
            Random.NextBytes(noise);
        return noise;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_reading, _writing);
        _ending.Dispose();
        await _redis.DisposeAsync();
        await _map.DisposeAsync();
    }

    private static ConfigurationOptions OptionsOf(string connection)
    {
        var options = ConfigurationOptions.Parse(connection);
        options.AbortOnConnectFail = false;
        options.TieBreaker = options.ConfigurationChannel = "";
        options.IncludeDetailInExceptions = false;
        options.CommandMap = CommandMap.Create(["CONFIG"], available: false);
        return options;
    }

    private async Task WriteAsync()
    {
        var started = Stopwatch.GetTimestamp();
        long begun = 0;
        using var timer = new PeriodicTimer(Tick);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
            {
                var due = (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * _rate);
                var acts = Volatile.Read(ref _acts);
                for (; begun < due; begun++)
                    if (acts.Count > 0 && Volatile.Read(ref _unanswered) < MostUnanswered)
                        _ = DoAsync(Pick(acts));
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Cancelling is how the enemy is stopped, so this is no failure.
        }
    }

    private async Task DoAsync(Act act)
    {
        Interlocked.Increment(ref _unanswered);
        try
        {
            await act.WriteAsync(this);
            Wrote();
        }
        catch (RedisServerException error)
        {
            var code = error.Message.Split(' ')[0];
            _refused.AddOrUpdate($"{act.Name} {code}", 1, static (_, count) => count + 1);
            // A key of another type refuses the command, which is an answer all the same; only missing rights make it no write.
            if (code != "NOPERM")
                Wrote();
        }
        catch (Exception error) when (error is RedisException or TimeoutException or ObjectDisposedException)
        {
            _refused.AddOrUpdate($"{act.Name} {error.GetType().Name}", 1, static (_, count) => count + 1);
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }
    }

    private void Wrote()
    {
        Interlocked.Increment(ref _writes);
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            if (_lastWrite > 0)
                _longestPause = Math.Max(_longestPause, Stopwatch.GetElapsedTime(_lastWrite, now).TotalSeconds);
            _lastWrite = now;
        }
    }

    private async Task ReadAsync()
    {
        using var timer = new PeriodicTimer(ReadingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
                await ReadOnceAsync();
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // Cancelling is how the enemy is stopped, so this is no failure.
        }
    }

    /// <summary>Each means by itself, because the role may lack the right to one of them.</summary>
    private async Task ReadOnceAsync()
    {
        await TryAsync("SCAN", ScanAsync);
        await TryAsync("PUBSUB", FindChannelsAsync);
        foreach (var key in Keys)
            await TryAsync("GET", () => ReadIfAllowedAsync(key));
        foreach (var channel in KnownChannels.Where(channel => !Loot.Channels.Contains(channel)))
            await TryAsync("SUBSCRIBE", () => ListenAsync(channel));
    }

    private async Task ReadIfAllowedAsync(string key)
    {
        try
        {
            await ReadKeyAsync(key);
        }
        catch (RedisServerException error) when (error.Message.StartsWith("NOPERM", StringComparison.Ordinal))
        {
            _forbidden[key] = 0;
            throw;
        }
    }

    private async Task TryAsync(string what, Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            _refused.AddOrUpdate($"{what} {error.Message.Split(' ')[0]}", 1, static (_, count) => count + 1);
        }
    }

    private async Task ScanAsync()
    {
        var cursor = "0";
        do
        {
            var page = (RedisResult[])(await _map.GetDatabase().ExecuteAsync("SCAN", cursor, "MATCH", $"{Prefix}*", "COUNT", "500"))!;
            cursor = (string)page[0]!;
            foreach (var key in (string[])page[1]!)
                _keys[key] = 0;
        } while (cursor != "0");
    }

    private async Task FindChannelsAsync()
    {
        foreach (var channel in (string[])(await _map.GetDatabase().ExecuteAsync("PUBSUB", "CHANNELS", $"{Prefix}*"))!)
            _channels[channel] = 0;
    }

    private async Task ReadKeyAsync(string key)
    {
        if (await Database.KeyTypeAsync(key) != RedisType.String)
            return;
        if ((byte[]?)await Database.StringGetAsync(key) is not { } value)
            return;
        Loot.TakeValue(key, value);
        var isLeaders = key.EndsWith($"leader:{LeasedResources.Matching}", StringComparison.Ordinal);
        if (isLeaders && Forgery.AddressIn(value) is { } leader && leader != Gateway.Address)
            Gateway.Leader = leader;
    }

    private async Task ListenAsync(string channel)
    {
        Loot.Begin(channel);
        await _redis
            .GetSubscriber()
            .SubscribeAsync(RedisChannel.Literal(channel), (_, message) => Loot.TakeMessage(channel, (byte[])message!));
    }
}
