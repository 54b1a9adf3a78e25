using Foresight.Matching.Engine;
using Npgsql;
using NpgsqlTypes;
using static Foresight.Matching.Journal.Statements;

namespace Foresight.Matching.Journal;

/// <summary>
/// A withdrawal may be granted and ended in one batch, so the rows are inserted before they are ended, and an end is of a grant before it.
/// The engine keeps a nonce only while its withdrawal is open; one that has lapsed may serve again, and takes the place of its earlier row.
/// </summary>
internal static class WithdrawalStatements
{
    public static NpgsqlBatchCommand Insert(JournalBatch rows, int shard, long epoch)
    {
        // A statement can write a row only once.
        var granted = rows.GrantedWithdrawals.GroupBy(row => (row.Account, row.SaltTag)).Select(same => same.Last()).ToList();
        return Statement(
            """
            INSERT INTO withdrawals (account_id, nonce, market_id, outcome, units, deadline, shard, sequence, epoch, granted_at)
            SELECT u.account, u.nonce, u.market, u.outcome, u.units, to_timestamp(u.deadline), $1, u.sequence, $2, $3
            FROM unnest($4, $5, $6, $7, $8, $9, $10) u(account, nonce, market, outcome, units, deadline, sequence)
            ON CONFLICT (account_id, nonce) DO UPDATE SET market_id = excluded.market_id, outcome = excluded.outcome,
                units = excluded.units, deadline = excluded.deadline, shard = excluded.shard, sequence = excluded.sequence,
                epoch = excluded.epoch, granted_at = excluded.granted_at, state = 0, co_signature = NULL, paid_block = NULL
            """,
            One((short)shard, NpgsqlDbType.Smallint),
            One(epoch, NpgsqlDbType.Bigint),
            One(rows.AcceptedAt, NpgsqlDbType.TimestampTz),
            Array(granted, row => row.Account.Value, NpgsqlDbType.Integer),
            Array(granted, row => unchecked((long)row.SaltTag), NpgsqlDbType.Bigint),
            Array(granted, row => row.Market.Value, NpgsqlDbType.Integer),
            Array(granted, row => (short)row.Outcome, NpgsqlDbType.Smallint),
            Array(granted, row => row.Units, NpgsqlDbType.Bigint),
            Array(granted, row => row.ExpiresAtSeconds, NpgsqlDbType.Bigint),
            Array(granted, row => row.Sequence, NpgsqlDbType.Bigint)
        );
    }

    public static NpgsqlBatchCommand End(JournalBatch rows)
    {
        var ended = rows.EndedWithdrawals;
        return Statement(
            """
            UPDATE withdrawals w SET state = u.state FROM unnest($1, $2, $3, $4) u(account, nonce, state, sequence)
            WHERE w.account_id = u.account AND w.nonce = u.nonce AND w.sequence < u.sequence
            """,
            Array(ended, row => row.Account.Value, NpgsqlDbType.Integer),
            Array(ended, row => unchecked((long)row.SaltTag), NpgsqlDbType.Bigint),
            Array(ended, row => (short)(row.Kind == CommandKind.PayWithdrawal ? 1 : 2), NpgsqlDbType.Smallint),
            Array(ended, row => row.Sequence, NpgsqlDbType.Bigint)
        );
    }
}
