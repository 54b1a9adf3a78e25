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
    private readonly (Server Server, OneQuestion<object?> Question)[] _asked;

    /// <param name="sourceOf">Apart from the server's own, whose pool may be exhausted by reads although the server answers.</param>
    public ServerPulse(Database database, ReplicaMonitor monitor, Func<Server, NpgsqlDataSource> sourceOf, TimeProvider clock)
    {
        (_monitor, _clock) = (monitor, clock);
        _asked =
        [
            .. database.Replicas.Prepend(database.Primary).Select(server => (server, new OneQuestion<object?>(sourceOf(server), Ask))),
        ];
    }

    public static NpgsqlConnectionStringBuilder Settings(NpgsqlConnectionStringBuilder connection) =>
        OneQuestion<object?>.Settings(connection, "foresight-pulse");

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

    private async Task FollowAsync(Server server, OneQuestion<object?> question, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            if (await FailureAsync(question, stopping) is { } failure)
            {
                server.WasSilent();
                _monitor.NoteFailure(server, failure);
            }
            else if (server.Answered())
                await _monitor.CheckOnceAsync(stopping);
        }
    }

    private static async Task<Exception?> FailureAsync(OneQuestion<object?> question, CancellationToken stopping)
    {
        try
        {
            await question.AskAsync(AnswerBound, stopping);
            return null;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return error;
        }
    }

    private static async Task<object?> Ask(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        return await command.ExecuteScalarAsync();
    }
}
