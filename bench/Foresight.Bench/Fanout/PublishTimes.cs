using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using StackExchange.Redis;

namespace Foresight.Bench.Fanout;

/// <summary>
/// A subscriber beside the Api nodes takes the time at which each depth message passes through Redis: the start of the measured latency.
/// </summary>
internal sealed class PublishTimes : IAsyncDisposable
{
    private const string DepthChannel = "foresight:ws:depth";

    private readonly ConcurrentDictionary<(int Market, long Sequence), long> _times = new();
    private readonly ConnectionMultiplexer _redis;
    private long _count;

    private PublishTimes(ConnectionMultiplexer redis) => _redis = redis;

    public long Count => Volatile.Read(ref _count);

    public static async Task<PublishTimes> StartAsync(string redis)
    {
        var times = new PublishTimes(await ConnectionMultiplexer.ConnectAsync(redis));
        await times._redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(DepthChannel), (_, body) => times.Take((byte[])body!));
        return times;
    }

    public long? Of(int market, long sequence) => _times.TryGetValue((market, sequence), out var at) ? at : null;

    public async ValueTask DisposeAsync() => await _redis.DisposeAsync();

    private void Take(byte[] body)
    {
        var at = Stopwatch.GetTimestamp();
        var message = JsonSerializer.Deserialize<Position>(body, JsonSerializerOptions.Web)!;
        // A repeated position without content, for nodes that missed it, is not a message to clients.
        if (_times.TryAdd((message.Market, message.Sequence), at))
            Interlocked.Increment(ref _count);
    }

    private sealed record Position(int Market, long Sequence);
}
