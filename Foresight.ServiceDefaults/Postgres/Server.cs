using Foresight.Protocol;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>The primary or a replica, with what the last checks said of it.</summary>
/// <param name="place">host:port of now: the primary may move.</param>
public sealed class Server(string name, bool isPrimary, int weight, NpgsqlDataSource source, Func<string> place)
{
    private readonly Lock gate = new();
    private int failures;
    private bool failing;
    private bool lagging;
    private long? lagBytes;
    private TimeSpan? lag;
    private TimeSpan? latency;
    private DateTimeOffset? checkedAt;
    private string? error;
    private long reads;
    private int active;

    public Server(string name, bool isPrimary, int weight, NpgsqlDataSource source, NpgsqlConnectionStringBuilder connection)
        : this(name, isPrimary, weight, source, () => $"{connection.Host}:{connection.Port}")
    {
    }

    public string Name => name;
    public int Weight => weight;
    public NpgsqlDataSource Source => source;
    public long Reads => Interlocked.Read(ref reads);

    /// <summary>Queries that run on it now.</summary>
    public int Active => Volatile.Read(ref active);

    /// <summary>Highest position of the write-ahead log that this replica is known to have replayed.</summary>
    public ulong Replayed { get; private set; }

    /// <summary>A replica serves no reads before its first good check: nothing is known of it yet.</summary>
    public bool IsHealthy
    {
        get
        {
            lock (gate) return !failing && !lagging && (isPrimary || checkedAt is not null);
        }
    }

    public long? LagBytes
    {
        get
        {
            lock (gate) return lagBytes;
        }
    }

    public void Begin() => Interlocked.Increment(ref active);

    public void End() => Interlocked.Decrement(ref active);

    public void CountRead() => Interlocked.Increment(ref reads);

    /// <summary>Reports whether it became healthy or unhealthy by this.</summary>
    public bool CheckSucceeded(ulong replayed, long? behindBytes, TimeSpan? behind, TimeSpan took, bool tooFarBehind, DateTimeOffset at)
    {
        lock (gate)
        {
            var before = !failing && !lagging && checkedAt is not null;
            (failures, failing, lagging) = (0, false, tooFarBehind);
            (lagBytes, lag, latency, checkedAt) = (behindBytes, behind, took, at);
            error = tooFarBehind ? "too far behind the primary" : null;
            Replayed = Math.Max(Replayed, replayed);
            return before == tooFarBehind;
        }
    }

    /// <inheritdoc cref="CheckSucceeded"/>
    public bool CheckFailed(string why, DateTimeOffset at)
    {
        lock (gate)
        {
            failures++;
            (error, latency) = (why, null);
            // Before its first good check a server is out already, and checkedAt stays empty.
            if (checkedAt is not null) checkedAt = at;
            // A lag that cannot be measured any more is not a lag of yesterday's size.
            (lagBytes, lag) = (null, null);
            if (failures < PostgresOptions.FailuresBeforeOut || failing) return false;
            failing = true;
            return true;
        }
    }

    public void NoteReplayed(ulong position)
    {
        lock (gate) Replayed = Math.Max(Replayed, position);
    }

    public ServerView View()
    {
        var healthy = IsHealthy;
        lock (gate)
        {
            return new ServerView(
                name, isPrimary ? "primary" : "replica", place(), healthy, weight, failures, lagBytes,
                lag is { } behind ? Math.Round(behind.TotalSeconds, 3) : null,
                latency is { } took ? Math.Round(took.TotalMilliseconds, 2) : null,
                checkedAt, error, Reads);
        }
    }
}
