using Foresight.Matching.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.SettlementTerm;

/// <summary>
/// The one writer of <c>operations_history</c>, because one node at a time holds settlement's term (docs/decisions/0720). What it cannot
/// write is lost: settlement does not end for the sake of a chart.
/// </summary>
public sealed partial class HistoryRecorder(HistorySampler sampler, TimeProvider clock, ILogger<HistoryRecorder> logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>The longest range of <c>GET /admin/history</c>, and the step that is still filling.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24) + TimeSpan.FromMinutes(5);

    private bool _fails;

    public async Task RecordAsync(Lease lease, CancellationToken ending)
    {
        try
        {
            while (true)
            {
                await StepAsync(lease.Term, lease.Database, ending);
                await Task.Delay(Interval, clock, ending);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The end of the term is the regular end of the recording.
        }
    }

    internal async Task StepAsync(Term term, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(term, database, await sampler.TakeAsync(cancellationToken), cancellationToken);
            _fails = false;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is, settlement goes on.
            if (!_fails)
                Log.NotWritten(logger, error.Message);
            _fails = true;
        }
    }

    /// <summary>
    /// Each row is of the 10 seconds in which it was taken, by the database's clock. A later one of the same 10 seconds, of the next term,
    /// replaces it.
    /// </summary>
    internal static async Task WriteAsync(Term term, NpgsqlDataSource database, HistorySample sample, CancellationToken cancellationToken)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(Fence.Assert(term));
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand(
                """
                INSERT INTO operations_history (at, node_id, epoch, orders_per_second, trades_per_second, commit_p50_ms, commit_p99_ms,
                    hub_connections, problems, replicas, replica_lag_bytes, unsettled_trades)
                SELECT date_bin($9, clock_timestamp(), 'epoch'), $1, $2, $3, $4, $5, $6, $7, $8, streaming.replicas, streaming.lag,
                    (SELECT count(*) FROM trades WHERE settlement NOT IN ('final', 'failed'))
                FROM (
                    SELECT count(*)::int AS replicas, max(greatest(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0))::bigint AS lag
                    FROM pg_stat_replication WHERE state = 'streaming') AS streaming
                ON CONFLICT (at) DO UPDATE SET node_id = excluded.node_id, epoch = excluded.epoch,
                    orders_per_second = excluded.orders_per_second, trades_per_second = excluded.trades_per_second,
                    commit_p50_ms = excluded.commit_p50_ms, commit_p99_ms = excluded.commit_p99_ms,
                    hub_connections = excluded.hub_connections, problems = excluded.problems, replicas = excluded.replicas,
                    replica_lag_bytes = excluded.replica_lag_bytes, unsettled_trades = excluded.unsettled_trades
                """
            )
            {
                Parameters =
                {
                    Value(term.NodeId, NpgsqlDbType.Text),
                    Value(term.Epoch, NpgsqlDbType.Bigint),
                    Value(sample.OrdersPerSecond, NpgsqlDbType.Double),
                    Value(sample.TradesPerSecond, NpgsqlDbType.Double),
                    Value(sample.CommitP50Ms, NpgsqlDbType.Double),
                    Value(sample.CommitP99Ms, NpgsqlDbType.Double),
                    Value(sample.HubConnections, NpgsqlDbType.Integer),
                    Value(sample.Problems.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text),
                    Value(Interval, NpgsqlDbType.Interval),
                },
            }
        );
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand("DELETE FROM operations_history WHERE at < clock_timestamp() - $1")
            {
                Parameters = { Value(Kept, NpgsqlDbType.Interval) },
            }
        );
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Value(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "The history of the cluster's figures cannot be written now: {Reason}")]
        public static partial void NotWritten(ILogger logger, string reason);
    }
}
