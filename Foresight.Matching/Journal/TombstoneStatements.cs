using Foresight.Matching.Orders;
using Foresight.Protocol;
using Npgsql;
using NpgsqlTypes;
using static Foresight.Matching.Journal.Statements;

namespace Foresight.Matching.Journal;

internal static class TombstoneStatements
{
    public static NpgsqlBatchCommand Insert(JournalBatch rows, int shard) =>
        Statement(
            """
            INSERT INTO salt_tombstones (market_id, maker, salt_tag, shard, epoch, sequence, met_order, until)
            SELECT u.market, u.maker, u.tag, $1, u.epoch, u.sequence, u.met, to_timestamp(u.until)
            FROM unnest($2, $3, $4, $5, $6, $7, $8) u(market, maker, tag, epoch, sequence, met, until)
            """,
            One((short)shard, NpgsqlDbType.Smallint),
            Array(rows.Tombstones, row => row.Key.Market.Value, NpgsqlDbType.Integer),
            Array(rows.Tombstones, row => row.Key.Maker.ToBytes(), NpgsqlDbType.Bytea),
            Array(rows.Tombstones, row => (long)row.Key.SaltTag, NpgsqlDbType.Bigint),
            Array(rows.Tombstones, row => row.Value.Epoch, NpgsqlDbType.Bigint),
            Array(rows.Tombstones, row => row.Value.Sequence, NpgsqlDbType.Bigint),
            Array(rows.Tombstones, row => row.Value.MetOrder, NpgsqlDbType.Boolean),
            Array(rows.Tombstones, row => row.Value.CountsUntilSeconds, NpgsqlDbType.Bigint)
        );

    public static NpgsqlBatchCommand Find(List<QueuedCommand> cancels) =>
        Statement(
            """
            SELECT t.market_id, t.maker, t.salt_tag, t.epoch, t.sequence, t.met_order, extract(epoch FROM t.until)::bigint
            FROM unnest($1, $2, $3) c(market, maker, tag)
            JOIN salt_tombstones t ON t.market_id = c.market AND t.maker = c.maker AND t.salt_tag = c.tag
            """,
            Array(cancels, cancel => ((CancelBySalt)cancel.Command).MarketId, NpgsqlDbType.Integer),
            Array(cancels, cancel => cancel.Account.ToBytes(), NpgsqlDbType.Bytea),
            Array(cancels, cancel => (long)cancel.SaltTag, NpgsqlDbType.Bigint)
        );

    /// <summary>
    /// Count and newest sequence come from one snapshot, so that a batch whose commit is under way is in both or in neither. Rows are kept
    /// for ever, so no more of them are looked at than count; those that count are the newest.
    /// </summary>
    public static NpgsqlBatchCommand Makers(List<QueuedCommand> cancels, int shard) =>
        Statement(
            """
            SELECT m.maker, e.early, e.last,
                EXISTS (SELECT 1 FROM accounts a JOIN balances b USING (account_id) WHERE a.address = m.maker AND b.owned > 0)
            FROM unnest($1) m(maker) CROSS JOIN LATERAL (
                SELECT (count(*) FILTER (WHERE until > clock_timestamp()))::int AS early, coalesce(max(sequence), 0) AS last FROM (
                    SELECT sequence, until FROM salt_tombstones WHERE shard = $2 AND maker = m.maker AND NOT met_order
                    ORDER BY sequence DESC LIMIT $3) AS newest) AS e
            """,
            Array(cancels.Select(cancel => cancel.Account).Distinct().ToList(), maker => maker.ToBytes(), NpgsqlDbType.Bytea),
            One((short)shard, NpgsqlDbType.Smallint),
            One(MatchingLimits.EarlyCancelsPerAccount, NpgsqlDbType.Integer)
        );
}
