using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.Testing;

namespace Foresight.Bench.Fanout;

/// <summary>Takes the time at which each depth message passes through Redis, because the measured latency begins there.</summary>
internal sealed class PublishTimes : IDisposable
{
    private readonly ConcurrentDictionary<(int Market, long Sequence), long> _times = new();
    private readonly RedisClient _redis;
    private long _count;

    public PublishTimes(string redis, string clusterSecret)
    {
        _redis = new RedisClient(redis, RedisSettings.DefaultKeyPrefix, clusterSecret);
        _redis.Broadcast.Subscribe<Position>(Channels.Depth, Take);
    }

    public long Count => Volatile.Read(ref _count);

    public long? Of(int market, long sequence) => _times.TryGetValue((market, sequence), out var at) ? at : null;

    public void Dispose() => _redis.Dispose();

    private void Take(Position message)
    {
        // A repeated position without content is for nodes that missed it, so it is not a message to clients.
        if (_times.TryAdd((message.Market, message.Sequence), Stopwatch.GetTimestamp()))
            Interlocked.Increment(ref _count);
    }

    private sealed record Position(int Market, long Sequence);
}
