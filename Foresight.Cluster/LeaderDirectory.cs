using System.Collections.Concurrent;
using System.Text.Json;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// Who holds a lease, by Redis' word. It is a hint of where to send a command, never a licence to write: the fence in Postgres decides
/// that. While Redis is away the last known holder is given, because it may well still lead.
/// </summary>
public sealed partial class LeaderDirectory
{
    /// <summary>How long a reading is used before Redis is asked again; a "cluster:leader" message ends it at once.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two notices that end a reading: anyone who reaches Redis can send many.</summary>
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

    /// <summary>The key that holds the lease of a resource.</summary>
    public static string LeaseKey(string resource) => $"leader:{resource}";

    /// <summary>The holder, or null if no node holds the lease (or Redis has never been reached).</summary>
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

    /// <summary>What is left of the lease by Redis' clock; null if no node holds it.</summary>
    /// <exception cref="RedisException">Redis cannot say.</exception>
    /// <exception cref="TimeoutException">Redis does not answer.</exception>
    public Task<TimeSpan?> RemainingAsync(string resource, CancellationToken cancellationToken = default) =>
        _redis.KeyTimeToLiveAsync(LeaseKey(resource)).AnsweredAsync(ReadTimeout, _clock, cancellationToken);

    /// <summary>The next <see cref="FindAsync"/> asks Redis: what is known was just seen to be wrong.</summary>
    public void Forget(string resource)
    {
        // Kept, but stale: it is still the best guess while Redis is away.
        if (_readings.TryGetValue(resource, out var known))
            _readings[resource] = known with { At = _clock.GetTimestamp() - _clock.TimestampFrequency };
    }

    /// <summary>
    /// Takes a notice of the backplane: if it contradicts the last reading, the next <see cref="FindAsync"/> asks Redis. A notice has no
    /// other effect, because it may be forged, and this one at most once a second.
    /// </summary>
    /// <param name="isLeader">False: the node has lost the lease.</param>
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

    /// <summary>Null for a missing value and for one that is no lease record (written by hand).</summary>
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

    /// <param name="NoticedAt">When a notice last ended a reading.</param>
    private sealed record Reading(LeaseRecord? Holder, long At, long? NoticedAt);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Lease of {Resource} cannot be read; using the last known holder: {Reason}")]
        public static partial void Unreadable(ILogger logger, string resource, string reason);
    }
}
