using Dapper;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations.Acts;

/// <summary>
/// Keeps reads away from the replicas that operators hold out of rotation. Each node reads that for itself from the primary; while the
/// primary does not answer, what it has read last counts.
/// </summary>
public sealed partial class ReplicaHolds(Database database, TimeProvider clock, ILogger<ReplicaHolds> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private bool _isSilent;

    /// <summary>The web server starts after this, so that a node that was restarted reads from no replica that is held.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await StepAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await StepAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Expected: the host is stopping.
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        if (database.Replicas.Count == 0)
            return;
        try
        {
            var held = await database
                .ReadPrimaryAsync("replica_holds", ReadAsync, cancellationToken)
                .WaitAsync(Interval * 2, clock, cancellationToken);
            _isSilent = false;
            foreach (var replica in database.Replicas)
                Apply(replica, held.Contains(replica.Name));
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            if (!_isSilent)
                Log.Unread(logger, error.Message);
            _isSilent = true;
        }
    }

    private void Apply(Server replica, bool isOut)
    {
        if (replica.IsOut == isOut)
            return;
        replica.IsOut = isOut;
        if (isOut)
            Log.TakenOut(logger, replica.Name);
        else
            Log.PutIn(logger, replica.Name);
    }

    private static async Task<HashSet<string>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        [
            .. await connection.QueryAsync<string>(
                new CommandDefinition(
                    "SELECT subject_id FROM operator_holds WHERE subject = 'replica'",
                    cancellationToken: cancellationToken
                )
            ),
        ];

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Replica {Server} is out of rotation: an operator has taken it out.")]
        public static partial void TakenOut(ILogger logger, string server);

        [LoggerMessage(LogLevel.Information, "Replica {Server} is in rotation again.")]
        public static partial void PutIn(ILogger logger, string server);

        [LoggerMessage(
            LogLevel.Warning,
            "Which replicas operators hold out of rotation cannot be read; what was read last counts: {Reason}"
        )]
        public static partial void Unread(ILogger logger, string reason);
    }
}
