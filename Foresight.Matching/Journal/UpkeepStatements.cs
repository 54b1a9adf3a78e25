using Foresight.Matching.Orders;
using Npgsql;
using NpgsqlTypes;
using static Foresight.Matching.Journal.Statements;

namespace Foresight.Matching.Journal;

/// <summary>
/// Each statement that stores a snapshot or a failed command comes with one that removes what is no longer needed, so that both tables stay
/// bounded.
/// </summary>
internal static class UpkeepStatements
{
    /// <summary>
    /// Stored only if the journal contains the snapshot's sequence. A replica promoted before it received the last batches still names this
    /// term, and the next commands would reuse their sequences: the snapshot would then describe a state that never was.
    /// </summary>
    public static NpgsqlBatchCommand Snapshot(JournalStep.StoreSnapshot store, int shard) =>
        Statement(
            """
            INSERT INTO snapshots (shard, sequence, epoch, state_hash, state)
            SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM commands WHERE shard = $1 AND sequence = $2)
            ON CONFLICT (shard, sequence) DO NOTHING
            """,
            One((short)shard, NpgsqlDbType.Smallint),
            One(store.Snapshot.Sequence, NpgsqlDbType.Bigint),
            One(store.Epoch, NpgsqlDbType.Bigint),
            One(store.Snapshot.StateHash, NpgsqlDbType.Text),
            One(store.Snapshot.State, NpgsqlDbType.Bytea)
        );

    public static NpgsqlBatchCommand TooManySnapshots(int shard) =>
        Statement(
            """
            DELETE FROM snapshots WHERE shard = $1
                AND sequence NOT IN (SELECT sequence FROM snapshots WHERE shard = $1 ORDER BY sequence DESC LIMIT $2)
            """,
            One((short)shard, NpgsqlDbType.Smallint),
            One(MatchingLimits.SnapshotsKept, NpgsqlDbType.Integer)
        );

    public static NpgsqlBatchCommand Failure(JournalStep.StoreFailure failure, int shard) =>
        Statement(
            """
            INSERT INTO failed_commands (shard, request_id, epoch, command, reason, until) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (shard, request_id) DO UPDATE SET
                epoch = excluded.epoch, command = excluded.command, reason = excluded.reason, failed_at = excluded.failed_at,
                until = excluded.until
            """,
            One((short)shard, NpgsqlDbType.Smallint),
            One(failure.Failed.RequestId, NpgsqlDbType.Uuid),
            One(failure.Epoch, NpgsqlDbType.Bigint),
            One(failure.Failed.Command, NpgsqlDbType.Text),
            One(failure.Failed.Reason, NpgsqlDbType.Text),
            One(failure.Failed.Until, NpgsqlDbType.TimestampTz)
        );

    public static NpgsqlBatchCommand OldFailures(int shard) =>
        Statement(
            "DELETE FROM failed_commands WHERE shard = $1 AND until < clock_timestamp() - $2",
            One((short)shard, NpgsqlDbType.Smallint),
            One(MatchingLimits.FailedCommandsKept, NpgsqlDbType.Interval)
        );
}
