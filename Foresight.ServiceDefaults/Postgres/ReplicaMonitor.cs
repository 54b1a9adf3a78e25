using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.ServiceDefaults.Postgres;

public sealed partial class ReplicaMonitor(Database database, PostgresOptions options, TimeProvider clock, ILogger<ReplicaMonitor> logger)
    : BackgroundService
{
    public event Action<Server, bool>? Turned;

    // Asked for between two turns of the timer too (ServerPulse).
    private readonly SemaphoreSlim _checking = new(1);

    private readonly Lock _measuring = new();
    private ReplicaLag _lag = new();
    private ulong _primaryPosition;
    private DateTimeOffset _primaryAskedAt;

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(options.HealthInterval, clock);
        try
        {
            do await CheckOnceAsync(stopping);
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Expected: the host is stopping.
        }
    }

    public async Task CheckOnceAsync(CancellationToken cancellationToken)
    {
        await _checking.WaitAsync(cancellationToken);
        try
        {
            // The primary first: a replica must not be measured against a position that is newer than its own answer.
            await CheckPrimaryAsync(cancellationToken);
            await Task.WhenAll(database.Replicas.Select(replica => CheckReplicaAsync(replica, cancellationToken)));
        }
        finally
        {
            _checking.Release();
        }
    }

    /// <summary>Between two checks, so that a replica's lag is known to the second.</summary>
    /// <param name="position">What the primary has written; what a replica has replayed.</param>
    public void NotePosition(Server server, ulong position, DateTimeOffset askedAt)
    {
        if (server == database.Primary)
        {
            Written(position, askedAt);
            return;
        }

        var (bytes, behind, tooFar) = Behind(position);
        // All are asked at once, so the primary may have been heard a moment later: what it wrote in between is no lag.
        tooFar &= behind > ServerPulse.Interval * 2;
        if (!server.Measured(position, bytes, behind, tooFar, clock.GetUtcNow()))
            return;
        Tell(server, bytes, behind, tooFar);
    }

    /// <summary>Null from a server that is the other of the two now.</summary>
    internal string PositionQuery(Server server) =>
        server == database.Primary
            ? "SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END"
            : "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END";

    /// <exception cref="NpgsqlException">
    /// The primary cannot take writes, or a replica was promoted: it has a history of its own, and a read there would be one of a different
    /// database.
    /// </exception>
    internal ulong Required(Server server, ulong? position) =>
        position
        ?? throw new NpgsqlException(server == database.Primary ? "it is in recovery and cannot take writes" : "it is not a replica");

    public void NoteFailure(Server server, Exception error)
    {
        if (!server.CheckFailed(ReasonOf(error), clock.GetUtcNow()))
            return;
        Log.Out(logger, server.Name, error.Message);
        if (server != database.Primary)
            Turned?.Invoke(server, false);
    }

    public override void Dispose()
    {
        _checking.Dispose();
        base.Dispose();
    }

    private async Task CheckPrimaryAsync(CancellationToken cancellationToken)
    {
        var primary = database.Primary;
        var started = Stopwatch.GetTimestamp();
        try
        {
            var askedAt = clock.GetUtcNow();
            var written = Required(primary, await PositionAsync(primary, PositionQuery(primary), cancellationToken));
            Written(written, askedAt);
            if (
                primary.CheckSucceeded(
                    written,
                    behindBytes: null,
                    behind: null,
                    Stopwatch.GetElapsedTime(started),
                    tooFarBehind: false,
                    clock.GetUtcNow()
                )
            )
                Log.Back(logger, primary.Name);
        }
        catch (Exception error) when (IsFailedCheck(error, cancellationToken))
        {
            NoteFailure(primary, error);
        }
    }

    private async Task CheckReplicaAsync(Server replica, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var replayed = Required(replica, await PositionAsync(replica, PositionQuery(replica), cancellationToken));
            var (behindBytes, behind, tooFar) = Behind(replayed);
            if (!replica.CheckSucceeded(replayed, behindBytes, behind, Stopwatch.GetElapsedTime(started), tooFar, clock.GetUtcNow()))
                return;
            Tell(replica, behindBytes, behind, tooFar);
        }
        catch (Exception error) when (IsFailedCheck(error, cancellationToken))
        {
            NoteFailure(replica, error);
        }
    }

    private void Written(ulong position, DateTimeOffset askedAt)
    {
        lock (_measuring)
        {
            // Check and pulse ask on connections of their own: an answer that was overtaken is no promotion.
            if (askedAt < _primaryAskedAt)
                return;
            _primaryAskedAt = askedAt;
            // The primary's position decreases only by a promotion, which makes the old primary's positions beyond it void, so their
            // history is dropped.
            if (position < _primaryPosition)
                _lag = new ReplicaLag();
            _primaryPosition = position;
            _lag.Primary(position, clock.GetUtcNow());
        }
    }

    private (long Bytes, TimeSpan Behind, bool TooFar) Behind(ulong replayed)
    {
        lock (_measuring)
        {
            var bytes = replayed >= _primaryPosition ? 0L : (long)(_primaryPosition - replayed);
            var behind = _lag.Of(replayed, clock.GetUtcNow());
            return (bytes, behind, bytes > options.MaxLagBytes || behind > options.MaxLag);
        }
    }

    private void Tell(Server replica, long bytes, TimeSpan behind, bool tooFar)
    {
        if (tooFar)
            Log.Lagging(logger, replica.Name, bytes, behind.TotalSeconds);
        else
            Log.Back(logger, replica.Name);
        Turned?.Invoke(replica, !tooFar);
    }

    private async Task<ulong?> PositionAsync(Server server, string query, CancellationToken cancellationToken)
    {
        using var bound = new QueryTimeout(PostgresOptions.CheckBound, clock, cancellationToken);
        return await AskAsync().WaitAsync(PostgresOptions.CheckBound + TimeSpan.FromSeconds(1), cancellationToken);

        async Task<ulong?> AskAsync()
        {
            await using var connection = await server.Source.OpenConnectionAsync(bound.Token);
            await using var command = new NpgsqlCommand(query, connection);
            return await command.ExecuteScalarAsync(bound.Token) is NpgsqlLogSequenceNumber position ? (ulong)position : null;
        }
    }

    private static bool IsFailedCheck(Exception error, CancellationToken cancellationToken) =>
        error is NpgsqlException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested;

    /// <summary>The driver's messages contain host names and addresses, which the status page must not show.</summary>
    private static string ReasonOf(Exception error) =>
        error switch
        {
            PostgresException postgres => $"SQLSTATE {postgres.SqlState}",
            TimeoutException or OperationCanceledException or { InnerException: TimeoutException } => "no answer in time",
            { InnerException: System.Net.Sockets.SocketException socket } => socket.SocketErrorCode.ToString(),
            NpgsqlException { InnerException: null } => error.Message,
            _ => error.InnerException?.GetType().Name ?? error.GetType().Name,
        };

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Replica {Server} is in service.")]
        public static partial void Back(ILogger logger, string server);

        [LoggerMessage(LogLevel.Warning, "Replica {Server} is taken out of service after repeated failed checks: {Reason}")]
        public static partial void Out(ILogger logger, string server, string reason);

        [LoggerMessage(
            LogLevel.Warning,
            "Replica {Server} is taken out of service: it lags the primary by {Bytes} bytes and {Seconds:0.0} s."
        )]
        public static partial void Lagging(ILogger logger, string server, long bytes, double seconds);
    }
}
