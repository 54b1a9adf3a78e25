using System.Collections.Concurrent;
using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// Looks up the holders of leases in Redis. The result is a hint where to send a command, never a permission to write, which only the fence
/// in Postgres gives. While Redis is unreachable the last known holder is returned, because it may well still lead.
/// </summary>
public sealed partial class LeaderDirectory
{
    /// <summary>
    /// Age up to which a reading is reused, so that not every command reads Redis; a "cluster:leader" message discards it at once.
    /// </summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(250);

    /// <summary>Least time between two notices that discard a reading: anyone with access to Redis could send many.</summary>
    private static readonly TimeSpan NoticePause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);

    private readonly IDatabase _redis;
    private readonly TimeProvider _clock;
    private readonly ILogger<LeaderDirectory> _logger;
    private readonly ConcurrentDictionary<string, Reading> _readings = new();

    public LeaderDirectory(IDatabase redis, IBroadcast broadcast, TimeProvider clock, ILogger<LeaderDirectory> logger)
    {
        _redis = redis;
        _clock = clock;
        _logger = logger;
        broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => _readings.TryRemove(message.Resource, out _));
    }

    public static string LeaseKey(string resource) => $"leader:{resource}";

    /// <summary>Returns the holder; null if no node holds the lease, or Redis has never been reachable.</summary>
    public async Task<LeaseRecord?> FindAsync(string resource, CancellationToken cancellationToken = default)
    {
        var known = _readings.GetValueOrDefault(resource);
        if (known is not null && _clock.GetElapsedTime(known.At) < FreshFor)
            return known.Holder;
        try
        {
            var value = await _redis.StringGetAsync(LeaseKey(resource)).AnsweredAsync(ReadTimeout, _clock, cancellationToken);
            var holder = Parse(value);
            _readings[resource] = new Reading(holder, _clock.GetTimestamp(), known?.NoticedAt);
            return holder;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Log.Unreadable(_logger, resource, error.Message);
            return known?.Holder;
        }
    }

    /// <summary>Returns the remaining time of the lease by Redis's clock; null if no node holds it.</summary>
    /// <exception cref="RedisException">Redis cannot be read.</exception>
    /// <exception cref="TimeoutException">Redis does not answer.</exception>
    public Task<TimeSpan?> RemainingAsync(string resource, CancellationToken cancellationToken = default) =>
        _redis.KeyTimeToLiveAsync(LeaseKey(resource)).AnsweredAsync(ReadTimeout, _clock, cancellationToken);

    /// <summary>Makes the next <see cref="FindAsync"/> read from Redis, because the cached reading has just proved wrong.</summary>
    public void Forget(string resource)
    {
        // Kept as stale: it remains the best guess while Redis is unreachable.
        if (_readings.TryGetValue(resource, out var known))
            _readings[resource] = known with { At = _clock.GetTimestamp() - _clock.TimestampFrequency };
    }

    /// <summary>
    /// Handles a notice of the backplane: if it contradicts the last reading, the next <see cref="FindAsync"/> reads from Redis. A notice
    /// may be forged, so it has no other effect, and this one at most once a second.
    /// </summary>
    /// <param name="isLeader">False if the node has lost the lease.</param>
    public void Notice(string resource, string nodeId, long epoch, bool isLeader)
    {
        if (!_readings.TryGetValue(resource, out var known))
            return;
        var isKnown = known.Holder is { } holder && holder.NodeId == nodeId && holder.Epoch == epoch;
        if (isKnown == isLeader || known.NoticedAt is { } last && _clock.GetElapsedTime(last) < NoticePause)
            return;
        _readings[resource] = known with { NoticedAt = _clock.GetTimestamp() };
        Forget(resource);
    }

    /// <summary>Returns null for a missing value, and for one that is not a lease record (written by hand).</summary>
    public static LeaseRecord? Parse(RedisValue value)
    {
        if (value.IsNullOrEmpty)
            return null;
        try
        {
            var record = JsonSerializer.Deserialize<LeaseRecord>((string)value!, JsonSerializerOptions.Web);
            return
                record?.NodeId is not null
                && Uri.TryCreate(record.Address, UriKind.Absolute, out var address)
                && address.Scheme == Uri.UriSchemeHttp
                ? record
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Reading(LeaseRecord? Holder, long At, long? NoticedAt);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Lease of {Resource} cannot be read; using the last known holder: {Reason}")]
        public static partial void Unreadable(ILogger logger, string resource, string reason);
    }
}
