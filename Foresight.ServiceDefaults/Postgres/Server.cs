using Foresight.Protocol;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <param name="place">Current host:port: a function, because the primary may move.</param>
public sealed class Server(string name, bool isPrimary, int weight, NpgsqlDataSource source, Func<string> place)
{
    private readonly Lock _gate = new();
    private int _failures;
    private bool _failing;
    private bool _lagging;
    private bool _silent;
    private long? _lagBytes;
    private TimeSpan? _lag;
    private TimeSpan? _latency;
    private DateTimeOffset? _checkedAt;
    private DateTimeOffset? _failingSince;
    private string? _error;
    private long _reads;
    private int _active;
    private volatile bool _isOut;

    public Server(string name, bool isPrimary, int weight, NpgsqlDataSource source, NpgsqlConnectionStringBuilder connection)
        : this(name, isPrimary, weight, source, () => $"{connection.Host}:{connection.Port}") { }

    public string Name => name;
    public int Weight => weight;
    public NpgsqlDataSource Source => source;
    public long Reads => Interlocked.Read(ref _reads);

    public int Active => Volatile.Read(ref _active);

    public ulong Replayed { get; private set; }

    /// <summary>False for a replica before its first successful check, because its lag is unknown until then.</summary>
    public bool IsHealthy
    {
        get
        {
            lock (_gate)
                return !_failing && !_lagging && (isPrimary || _checkedAt is not null);
        }
    }

    /// <summary>Set while an operator holds the replica out of rotation; it is checked all the same.</summary>
    public bool IsOut
    {
        get => _isOut;
        set => _isOut = value;
    }

    /// <summary>Also that the last question was answered: a reader need not wait for a server that hangs until it is out.</summary>
    public bool IsFit
    {
        get
        {
            lock (_gate)
                return !_silent && IsHealthy;
        }
    }

    public long? LagBytes
    {
        get
        {
            lock (_gate)
                return _lagBytes;
        }
    }

    public void Begin() => Interlocked.Increment(ref _active);

    public void End() => Interlocked.Decrement(ref _active);

    public void CountRead() => Interlocked.Increment(ref _reads);

    /// <summary>True if this check changed whether the server is healthy, so that only changes are logged and published.</summary>
    public bool CheckSucceeded(ulong replayed, long? behindBytes, TimeSpan? behind, TimeSpan took, bool tooFarBehind, DateTimeOffset at)
    {
        lock (_gate)
        {
            var before = !_failing && !_lagging && _checkedAt is not null;
            (_failures, _failing, _lagging, _silent) = (0, false, tooFarBehind, false);
            (_lagBytes, _lag, _latency, _checkedAt) = (behindBytes, behind, took, at);
            _error = tooFarBehind ? "too far behind the primary" : null;
            _failingSince = tooFarBehind ? _failingSince ?? at : null;
            Replayed = Math.Max(Replayed, replayed);
            return before == tooFarBehind;
        }
    }

    public bool CheckFailed(string why, DateTimeOffset at)
    {
        lock (_gate)
        {
            _failures++;
            _failingSince ??= at;
            (_error, _latency) = (why, null);
            // Before its first successful check a server is out of service already, so checkedAt stays empty.
            if (_checkedAt is not null)
                _checkedAt = at;
            // The lag cannot be measured now, so the last measured value must not be shown as current.
            (_lagBytes, _lag) = (null, null);
            if (_failures < PostgresOptions.FailuresBeforeOut || _failing)
                return false;
            _failing = true;
            return true;
        }
    }

    /// <summary>
    /// Where a replica is, between two checks. True if this changed whether it is too far behind, of one that serves reads otherwise.
    /// </summary>
    public bool Measured(ulong replayed, long behindBytes, TimeSpan behind, bool tooFarBehind, DateTimeOffset at)
    {
        lock (_gate)
        {
            Replayed = Math.Max(Replayed, replayed);
            if (_failing || _checkedAt is null)
                return false;
            var before = _lagging;
            (_lagging, _lagBytes, _lag) = (tooFarBehind, behindBytes, behind);
            _error = tooFarBehind ? "too far behind the primary" : null;
            _failingSince = tooFarBehind ? _failingSince ?? at : null;
            return before != tooFarBehind;
        }
    }

    /// <summary>An answer without a position: it ends a row of failures, and true asks for the check that brings the server back.</summary>
    public bool Answered()
    {
        lock (_gate)
        {
            _silent = false;
            if (_failing)
                return true;
            if (_failures > 0)
                (_failures, _error, _failingSince) = (0, _lagging ? _error : null, _lagging ? _failingSince : null);
            return false;
        }
    }

    public void WasSilent()
    {
        lock (_gate)
            _silent = true;
    }

    public void NoteReplayed(ulong position)
    {
        lock (_gate)
            Replayed = Math.Max(Replayed, position);
    }

    public ServerView View()
    {
        var healthy = IsHealthy;
        lock (_gate)
        {
            return new ServerView(
                name,
                isPrimary ? "primary" : "replica",
                place(),
                healthy,
                weight,
                _failures,
                _lagBytes,
                _lag is { } behind ? Math.Round(behind.TotalSeconds, 3) : null,
                _latency is { } took ? Math.Round(took.TotalMilliseconds, 2) : null,
                _checkedAt,
                _error,
                Reads,
                IsOut,
                _failingSince
            );
        }
    }
}
