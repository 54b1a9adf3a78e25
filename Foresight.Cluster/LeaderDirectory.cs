using System.Collections.Concurrent;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// In Redis each leader shows itself; Postgres is asked once for each term, and where Redis shows nothing that can be believed or has just
/// proved wrong. The result is a hint where to send a command, never a permission to write, which only the fence in Postgres gives. While
/// neither answers, the last known holder is returned, because it may well still lead.
/// </summary>
public sealed partial class LeaderDirectory
{
    /// <summary>
    /// A reading is reused while it is younger, so that not every command reads Redis; a "cluster:leader" message discards it at once.
    /// </summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(250);

    /// <summary>At most one notice in this time discards a reading, because a node that was broken into could send many.</summary>
    private static readonly TimeSpan NoticePause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(1);

    private readonly IDatabase _redis;
    private readonly SignedHints _hints;
    private readonly LeaseHints _leases;
    private readonly LeaderRows _rows;
    private readonly TimeProvider _clock;
    private readonly ILogger<LeaderDirectory> _logger;
    private readonly ConcurrentDictionary<string, Reading> _readings = new();
    private readonly Dictionary<string, Task<LeaseRecord?>> _looking = [];

    public LeaderDirectory(
        IDatabase redis,
        SignedHints hints,
        LeaderRows rows,
        IBroadcast broadcast,
        TimeProvider clock,
        ILogger<LeaderDirectory> logger
    )
    {
        (_redis, _hints, _rows, _clock, _logger) = (redis, hints, rows, clock, logger);
        _leases = new LeaseHints(hints);
        broadcast.Subscribe<LeaderMessage>(Channels.ClusterLeader, message => Discard(message.Resource));
    }

    internal void Discard(string resource) => _readings.TryRemove(resource, out _);

    public static string LeaseKey(string resource) => $"leader:{resource}";

    /// <summary>
    /// Null if no node holds the lease, or neither Redis nor Postgres has ever been reachable. Waits only if there is no reading, or the
    /// last one has proved wrong, because a Redis that hangs must delay no order. Otherwise an old reading is refreshed meanwhile.
    /// </summary>
    public async Task<LeaseRecord?> FindAsync(string resource, CancellationToken cancellationToken = default)
    {
        var known = _readings.GetValueOrDefault(resource);
        if (known is not { IsDoubted: false, Holder: { } holder })
            return IsFresh(known) ? null : await RefreshAsync(resource).WaitAsync(cancellationToken);
        if (!IsFresh(known))
            _ = RefreshAsync(resource);
        return holder;
    }

    /// <summary>
    /// One look-up serves all callers at the same time, so that many waiting commands cost one. Returns the last known holder if
    /// nothing answers.
    /// </summary>
    internal Task<LeaseRecord?> RefreshAsync(string resource)
    {
        lock (_looking)
        {
            if (!_looking.TryGetValue(resource, out var looking))
                _looking[resource] = looking = Task.Run(() => LookAsync(resource));
            return looking;
        }
    }

    private async Task<LeaseRecord?> LookAsync(string resource)
    {
        var known = _readings.GetValueOrDefault(resource);
        try
        {
            // What Redis showed has just proved wrong, and it may show it again.
            var shown = known is { IsDoubted: true } ? null : await ShownAsync(resource);
            var holder = shown is not null && _leases.IsNamed(resource, shown) ? shown : await HolderAsync(resource, shown);
            Keep(resource, known, new Reading(holder, _clock.GetTimestamp(), known?.NoticedAt));
            return holder;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            Log.Unreadable(_logger, resource, error.Message);
            return known?.Holder;
        }
        finally
        {
            lock (_looking)
                _looking.Remove(resource);
        }
    }

    /// <summary>
    /// Keeps what a look has found. If the reading was doubted or discarded since the look began, it may have found what proved wrong, so
    /// that it is doubted too.
    /// </summary>
    private void Keep(string resource, Reading? before, Reading found) =>
        _readings.AddOrUpdate(
            resource,
            _ => found with { IsDoubted = before is not null },
            (_, latest) =>
                ReferenceEquals(latest, before) ? found : found with { IsDoubted = latest.IsDoubted, NoticedAt = latest.NoticedAt }
        );

    private bool IsFresh(Reading? reading) => reading is { IsDoubted: false } && _clock.GetElapsedTime(reading.At) < FreshFor;

    /// <summary>By the database's clock, which renews the lease; another renewal would prolong it.</summary>
    public TimeSpan RemainingOf(LeaseRecord lease) => lease.Duration - (_hints.Now - lease.LastRenewedAt);

    /// <summary>The next <see cref="FindAsync"/> asks Postgres, because the reading has just proved wrong.</summary>
    public void Forget(string resource)
    {
        // Kept, because it remains the best guess while Postgres is unreachable.
        if (_readings.TryGetValue(resource, out var known))
            _readings[resource] = known with { IsDoubted = true };
    }

    /// <summary>
    /// If a notice of the backplane contradicts the last reading, the next <see cref="FindAsync"/> asks Postgres. A notice may come
    /// from a node that was broken into, so it has no other effect, and this one at most once a second.
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

    /// <returns>Null if Redis shows no holder that can be believed, or cannot be read, so that the caller asks Postgres.</returns>
    private async Task<LeaseRecord?> ShownAsync(string resource)
    {
        try
        {
            return _leases.Read(resource, await SignedHints.FetchAsync(_redis, LeaseKey(resource), ReadTimeout, _clock));
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            Log.Unreadable(_logger, resource, error.Message);
            return null;
        }
    }

    private async Task<LeaseRecord?> HolderAsync(string resource, LeaseRecord? shown)
    {
        if (await _rows.ReadAsync(resource, CancellationToken.None) is not var (record, isHeld))
            return null;
        _leases.Name(resource, record);
        if (shown is not null && !_leases.IsNamed(resource, shown))
            _leases.Contradict(resource, shown);
        return isHeld && GatewayAddress.IsValid(record.Address) ? record : null;
    }

    private sealed record Reading(LeaseRecord? Holder, long At, long? NoticedAt, bool IsDoubted = false);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Holder of {Resource} cannot be read: {Reason}")]
        public static partial void Unreadable(ILogger logger, string resource, string reason);
    }
}
