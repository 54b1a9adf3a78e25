using System.Diagnostics;
using System.Diagnostics.Metrics;
using Foresight.Protocol;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// A read that fails is an error to its caller, because an outage must not look like an empty result. Reads go to the replicas in turn by
/// weight, or to the primary if no replica is fit.
/// </summary>
public sealed partial class Database : IAsyncDisposable
{
    /// <summary>A read that failed later is not retried, because the caller's time is nearly used up.</summary>
    private static readonly TimeSpan RetryWithin = TimeSpan.FromMilliseconds(500);

    private readonly Server _primary;
    private readonly Server[] _replicas;
    private readonly WeightedRoundRobin _turns;
    private readonly Lock _turning = new();
    private readonly DatabaseMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<Database> _logger;

    public Database(Server primary, IReadOnlyList<Server> replicas, IMeterFactory meters, TimeProvider clock, ILogger<Database> logger)
    {
        _primary = primary;
        _replicas = [.. replicas];
        _clock = clock;
        _logger = logger;
        _turns = new WeightedRoundRobin([.. replicas.Select(replica => replica.Weight)]);
        _metrics = new DatabaseMetrics(meters);
        _metrics.Watch(primary, _replicas);
    }

    public Server Primary => _primary;
    public IReadOnlyList<Server> Replicas => _replicas;

    /// <summary>May repeat the read on another server, so it must not change anything.</summary>
    /// <param name="query">A short constant name, because it is a label of metrics.</param>
    /// <param name="after">
    /// WAL position of the reader's last write: only a server that has replayed it may answer. Null: any server.
    /// </param>
    /// <exception cref="NpgsqlException">The primary could not answer either.</exception>
    public async Task<T> ReadAsync<T>(
        string query,
        NpgsqlLogSequenceNumber? after,
        Func<NpgsqlConnection, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        var (answered, result) = await TryReplicasAsync(query, after, read, cancellationToken);
        return answered ? result! : await ReadPrimaryAsync(query, read, cancellationToken);
    }

    /// <summary>Asks the primary for what a replica does not have, because the replica may only lag.</summary>
    /// <param name="find">Returns null for what does not exist; it runs at most once more than in <see cref="ReadAsync"/>.</param>
    /// <inheritdoc cref="ReadAsync"/>
    public async Task<T?> FindAsync<T>(
        string query,
        NpgsqlLogSequenceNumber? after,
        Func<NpgsqlConnection, CancellationToken, Task<T?>> find,
        CancellationToken cancellationToken
    )
        where T : class =>
        (await TryReplicasAsync(query, after, find, cancellationToken)).Result ?? await ReadPrimaryAsync(query, find, cancellationToken);

    /// <summary>For a reader that must see every earlier commit, which a replica may not have.</summary>
    public async Task<T> ReadPrimaryAsync<T>(
        string query,
        Func<NpgsqlConnection, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        var started = _clock.GetTimestamp();
        try
        {
            return (await RunAsync(_primary, query, after: null, read, cancellationToken)).Result!;
        }
        catch (NpgsqlException error)
            when (IsOfTheServer(error) && _clock.GetElapsedTime(started) < RetryWithin && !cancellationToken.IsCancellationRequested)
        {
            // After a server's restart every pooled connection fails once, at its next use, so a fast failure is retried. A server that
            // hangs is not asked again: the caller has waited enough.
            return (await RunAsync(_primary, query, after: null, read, cancellationToken)).Result!;
        }
    }

    /// <summary>Runs once: everything that may be harmful to repeat belongs here.</summary>
    public async Task<T> WriteAsync<T>(
        string query,
        Func<NpgsqlConnection, CancellationToken, Task<T>> write,
        CancellationToken cancellationToken
    ) => (await RunAsync(_primary, query, after: null, write, cancellationToken, isRead: false)).Result!;

    public DatabaseStatus Status() =>
        new(_primary.View(), [.. _replicas.Select(replica => replica.View())], _primary.Reads, _replicas.Sum(replica => replica.Reads));

    /// <summary>Leaves the primary's data source alone, because it belongs to the host.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas)
            await replica.Source.DisposeAsync();
    }

    /// <summary>Not answered if no replica is fit, has replayed the position and answers.</summary>
    private async Task<(bool Answered, T? Result)> TryReplicasAsync<T>(
        string query,
        NpgsqlLogSequenceNumber? after,
        Func<NpgsqlConnection, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken
    )
    {
        // Each replica is tried at most once, so with all of them failing the primary answers after that many attempts.
        var tried = 0UL;
        while (NextReplica(tried) is var index && index >= 0)
        {
            tried |= 1UL << index;
            var replica = _replicas[index];
            try
            {
                if (await RunAsync(replica, query, after, read, cancellationToken) is { Answered: true } answer)
                    return answer;
            }
            catch (NpgsqlException error) when (IsOfTheServer(error) && !cancellationToken.IsCancellationRequested)
            {
                _metrics.Fallback(replica.Name);
                if (replica.CheckFailed(error.GetType().Name, _clock.GetUtcNow()))
                    Log.ReplicaOut(_logger, replica.Name, error.Message);
                else
                    Log.ReplicaFailed(_logger, replica.Name, query, error.Message);
            }
        }

        return default;
    }

    private async Task<(bool Answered, T? Result)> RunAsync<T>(
        Server server,
        string query,
        NpgsqlLogSequenceNumber? after,
        Func<NpgsqlConnection, CancellationToken, Task<T>> run,
        CancellationToken cancellationToken,
        bool isRead = true
    )
    {
        var started = Stopwatch.GetTimestamp();
        var succeeded = false;
        server.Begin();
        try
        {
            await using var connection = await server.Source.OpenConnectionAsync(cancellationToken);
            if (after is { } position && !await HasReplayedAsync(server, connection, position, cancellationToken))
            {
                succeeded = true;
                return (false, default);
            }

            var result = await run(connection, cancellationToken);
            succeeded = true;
            if (isRead)
                server.CountRead();
            return (true, result);
        }
        finally
        {
            server.End();
            _metrics.Query(server.Name, query, succeeded, Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>Asks on the connection of the read that follows, so that the position holds for it: replay never goes back.</summary>
    private static async Task<bool> HasReplayedAsync(
        Server server,
        NpgsqlConnection connection,
        NpgsqlLogSequenceNumber position,
        CancellationToken cancellationToken
    )
    {
        if ((ulong)position <= server.Replayed)
            return true;
        await using var command = new NpgsqlCommand("SELECT pg_last_wal_replay_lsn()", connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is not NpgsqlLogSequenceNumber replayed)
            return false;
        server.NoteReplayed((ulong)replayed);
        return replayed >= position;
    }

    private int NextReplica(ulong tried)
    {
        if (_replicas.Length == 0)
            return -1;
        lock (_turning)
            return _turns.Next(index => (tried & (1UL << index)) == 0 && _replicas[index] is { IsFit: true, IsOut: false });
    }

    /// <summary>
    /// Another server may be able to answer the same query if the connection broke or timed out, or the server is stopping (57P), is out of
    /// resources (53), or cancelled the query because of a conflict with replay (40001). An invalid query (42) fails everywhere.
    /// </summary>
    private static bool IsOfTheServer(NpgsqlException error) =>
        error is not PostgresException { SqlState: var state }
        || state.StartsWith("57", StringComparison.Ordinal)
        || state.StartsWith("53", StringComparison.Ordinal)
        || state.StartsWith("08", StringComparison.Ordinal)
        || state == "40001";

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Read {Query} failed on replica {Replica}; trying another server: {Reason}")]
        public static partial void ReplicaFailed(ILogger logger, string replica, string query, string reason);

        [LoggerMessage(LogLevel.Warning, "Replica {Replica} is taken out of service: {Reason}")]
        public static partial void ReplicaOut(ILogger logger, string replica, string reason);
    }
}
