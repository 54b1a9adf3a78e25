using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.AppHost.Drill;

internal sealed partial class ServerDrill(ClusterView cluster, DataServers data)
{
    private EndpointReference Standby => data.Replicas[0].GetEndpoint("tcp");

    public async Task<ExecuteCommandResult> RedisDownAsync(ExecuteCommandContext context)
    {
        var done = await CommandsOf(context).ExecuteCommandAsync(data.RedisServer.Resource, "resource-stop", context.CancellationToken);
        if (done.Success)
            Log.RedisDown(context.Logger);
        return done;
    }

    public async Task<ExecuteCommandResult> RedisUpAsync(ExecuteCommandContext context)
    {
        var done = await CommandsOf(context).ExecuteCommandAsync(data.RedisServer.Resource, "resource-start", context.CancellationToken);
        if (!done.Success)
            return done;
        Log.RedisUp(context.Logger);
        var started = TimeProvider.System.GetTimestamp();
        if (await cluster.ActiveLeaderAsync(after: 0, context) is not { } leader)
            return CommandResults.Failure("no node leads; see the nodes' logs.");
        Log.Leads(context.Logger, leader.NodeId, leader.Epoch, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        return CommandResults.Success();
    }

    /// <summary>
    /// In the order of docs/operations.md, "Promoting the replica": the old primary is fenced before the promotion, so that it accepts
    /// nothing that the new one lacks.
    /// </summary>
    public async Task<ExecuteCommandResult> PromoteAsync(ExecuteCommandContext context)
    {
        var before = await cluster.LeaderAsync(context.CancellationToken);
        try
        {
            if (await AskAsync(Standby, "SELECT pg_is_in_recovery()", context) is false)
                return CommandResults.Failure("it is the primary already.");
            var fenced = await FenceAsync(context);
            var received = await AskAsync(Standby, "SELECT pg_last_wal_receive_lsn()", context);
            await AskAsync(Standby, "SELECT pg_promote(true, 60)", context);
            var last = await AskAsync(Standby, "SELECT coalesce(max(sequence), 0) FROM commands", context);
            Log.Promoted(context.Logger, received, last);
            if (fenced is null)
                Log.LossUnknown(context.Logger, received);
            else
                Log.Loss(context.Logger, LostBytes(fenced.Value, (NpgsqlLogSequenceNumber)received!));
        }
        catch (NpgsqlException e)
        {
            return CommandResults.Failure($"{e.Message} Nothing is promoted unless it was said above.");
        }

        var next = await cluster.AwaitNextLeaderAsync(before?.Epoch ?? 0, context);
        Log.OldPrimary(context.Logger);
        return next;
    }

    /// <returns>
    /// End of the primary's write-ahead log once it accepts no writes; null if the primary cannot be reached, and then it is not fenced.
    /// </returns>
    private async Task<NpgsqlLogSequenceNumber?> FenceAsync(ExecuteCommandContext context)
    {
        NpgsqlLogSequenceNumber written;
        try
        {
            var server = data.Postgres.GetEndpoint("tcp");
            // Persisted in its configuration: even a node that does not know of the promotion cannot write after a restart of
            // the old primary.
            await AskAsync(server, "ALTER SYSTEM SET default_transaction_read_only = on", context);
            written = (NpgsqlLogSequenceNumber)(await AskAsync(server, "SELECT pg_current_wal_lsn()", context))!;
        }
        catch (NpgsqlException)
        {
            Log.PrimaryAway(context.Logger);
            return null;
        }

        // A clean shutdown sends the standby all remaining log, so the promotion loses nothing.
        Log.PrimaryStops(context.Logger, written);
        var stopped = await CommandsOf(context).ExecuteCommandAsync(data.Postgres.Resource, "resource-stop", context.CancellationToken);
        if (!stopped.Success)
            Log.PrimaryDidNotStop(context.Logger, stopped.Message ?? "no reason given");
        return written;
    }

    private static ulong LostBytes(NpgsqlLogSequenceNumber written, NpgsqlLogSequenceNumber received) =>
        written > received ? (ulong)written - (ulong)received : 0;

    private async Task<object?> AskAsync(EndpointReference server, string sql, ExecuteCommandContext context)
    {
        var database = await data.Database.Resource.GetConnectionStringAsync(context.CancellationToken);
        var settings = new NpgsqlConnectionStringBuilder(database)
        {
            Host = server.Host,
            Port = server.Port,
            Pooling = false,
            Timeout = 3,
            CommandTimeout = 70,
        };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(context.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(context.CancellationToken);
    }

    private static ResourceCommandService CommandsOf(ExecuteCommandContext context) =>
        context.Services.GetRequiredService<ResourceCommandService>();

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Information,
            "Redis is down: the leader goes on, because its lease is in Postgres, and feeds are read from the journal; "
                + "`redis-up` starts it, empty."
        )]
        public static partial void RedisDown(ILogger logger);

        [LoggerMessage(LogLevel.Information, "Redis is up and empty.")]
        public static partial void RedisUp(ILogger logger);

        [LoggerMessage(LogLevel.Information, "{Node} leads in epoch {Epoch}, {Seconds:0.00} s after Redis was started.")]
        public static partial void Leads(ILogger logger, string node, long epoch, double seconds);

        [LoggerMessage(LogLevel.Warning, "The old primary does not answer, so it cannot be fenced from here.")]
        public static partial void PrimaryAway(ILogger logger);

        [LoggerMessage(
            LogLevel.Information,
            "The old primary is fenced (read-only from its next start on) and stopped in order, its log at {Written}."
        )]
        public static partial void PrimaryStops(ILogger logger, NpgsqlLogSequenceNumber written);

        [LoggerMessage(LogLevel.Warning, "The old primary was not stopped: {Reason}")]
        public static partial void PrimaryDidNotStop(ILogger logger, string reason);

        [LoggerMessage(
            LogLevel.Information,
            "The replica is the primary now: the old one's log was received up to {Received}, and the journal ends at sequence {Sequence}."
        )]
        public static partial void Promoted(ILogger logger, object? received, object? sequence);

        [LoggerMessage(LogLevel.Information, "Lost: {Bytes} bytes of log that the old primary had written.")]
        public static partial void Loss(ILogger logger, ulong bytes);

        [LoggerMessage(
            LogLevel.Warning,
            "Orders that the old primary acknowledged beyond {Received} are lost; only its own log shows how many. "
                + "With --sync-standby there are none."
        )]
        public static partial void LossUnknown(ILogger logger, object? received);

        [LoggerMessage(
            LogLevel.Information,
            "There is no replica now. Starting `postgres` brings the old primary back, which every node refuses."
        )]
        public static partial void OldPrimary(ILogger logger);
    }
}
