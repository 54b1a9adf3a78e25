using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Asks each server every second whether it answers, because the checks of <see cref="ReplicaMonitor"/> are far apart: until three of them
/// had failed, reads would wait for a replica that hangs, and operators would not learn of it (docs/decisions/0715).
/// </summary>
public sealed class ServerPulse : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>As long as the interval, so that a server that hangs is asked again at once.</summary>
    private static readonly TimeSpan AnswerBound = Interval;

    private readonly ReplicaMonitor _monitor;
    private readonly TimeProvider _clock;
    private readonly (Server Server, NpgsqlDataSource Source)[] _asked;

    /// <param name="sourceOf">Apart from the server's own, whose pool may be exhausted by reads although the server answers.</param>
    public ServerPulse(Database database, ReplicaMonitor monitor, Func<Server, NpgsqlDataSource> sourceOf, TimeProvider clock)
    {
        (_monitor, _clock) = (monitor, clock);
        _asked = [.. database.Replicas.Prepend(database.Primary).Select(server => (server, sourceOf(server)))];
    }

    /// <summary>One connection that is given up after a second, without a cancellation that the server would have to read.</summary>
    public static NpgsqlConnectionStringBuilder Settings(NpgsqlConnectionStringBuilder connection) =>
        new(connection.ConnectionString)
        {
            ApplicationName = "foresight-pulse",
            MaxPoolSize = 1,
            Timeout = 1,
            CommandTimeout = 1,
            CancellationTimeout = -1,
        };

    public override void Dispose()
    {
        foreach (var (_, source) in _asked)
            source.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            await Task.WhenAll(_asked.Select(asked => FollowAsync(asked.Server, asked.Source, stopping)));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Expected: the host is stopping.
        }
    }

    private async Task FollowAsync(Server server, NpgsqlDataSource source, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            if (await FailureAsync(source, stopping) is { } failure)
            {
                server.WasSilent();
                _monitor.NoteFailure(server, failure);
            }
            else if (server.Answered())
                await _monitor.CheckOnceAsync(stopping);
        }
    }

    private static async Task<Exception?> FailureAsync(NpgsqlDataSource source, CancellationToken stopping)
    {
        try
        {
            await AskAsync().WaitAsync(AnswerBound, stopping);
            return null;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return error;
        }

        async Task AskAsync()
        {
            await using var connection = await source.OpenConnectionAsync(stopping);
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteScalarAsync(stopping);
        }
    }
}
