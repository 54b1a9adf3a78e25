using Microsoft.Extensions.Hosting;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Asks each server every second whether it answers and where it is, because the checks of <see cref="ReplicaMonitor"/> are far apart:
/// until three of them had failed, reads would wait for a replica that hangs or go to one that lags, and operators would not learn of it
/// (docs/decisions/0715).
/// </summary>
public sealed class ServerPulse : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>As long as the interval, so that a server that hangs is asked again at once.</summary>
    private static readonly TimeSpan AnswerBound = Interval;

    private readonly ReplicaMonitor _monitor;
    private readonly TimeProvider _clock;
    private readonly (Server Server, OneQuestion<ulong?> Question)[] _asked;

    /// <param name="sourceOf">Apart from the server's own, whose pool may be exhausted by reads although the server answers.</param>
    public ServerPulse(Database database, ReplicaMonitor monitor, Func<Server, NpgsqlDataSource> sourceOf, TimeProvider clock)
    {
        (_monitor, _clock) = (monitor, clock);
        _asked =
        [
            .. database
                .Replicas.Prepend(database.Primary)
                .Select(server => (server, new OneQuestion<ulong?>(sourceOf(server), AskFor(monitor.PositionQuery(server))))),
        ];
    }

    public static NpgsqlConnectionStringBuilder Settings(NpgsqlConnectionStringBuilder connection) =>
        OneQuestion<ulong?>.Settings(connection, "foresight-pulse");

    public override void Dispose()
    {
        foreach (var (_, question) in _asked)
            question.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            await Task.WhenAll(_asked.Select(asked => FollowAsync(asked.Server, asked.Question, stopping)));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Expected: the host is stopping.
        }
    }

    private async Task FollowAsync(Server server, OneQuestion<ulong?> question, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                var askedAt = _clock.GetUtcNow();
                var position = _monitor.Required(server, await question.AskAsync(AnswerBound, stopping));
                if (server.Answered())
                    await _monitor.CheckOnceAsync(stopping);
                else
                    _monitor.NotePosition(server, position, askedAt);
            }
            catch (Exception failure) when (failure is NpgsqlException or TimeoutException)
            {
                server.WasSilent();
                _monitor.NoteFailure(server, failure);
            }
        }
    }

    private static Func<NpgsqlConnection, Task<ulong?>> AskFor(string position) =>
        async connection =>
        {
            await using var command = new NpgsqlCommand(position, connection);
            return await command.ExecuteScalarAsync() is NpgsqlLogSequenceNumber at ? (ulong)at : null;
        };
}
