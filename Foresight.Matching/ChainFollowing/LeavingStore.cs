using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.ChainFollowing;

/// <summary>Requested withdrawals, for operators and owners to see: the engine takes what is free from the purses themselves.</summary>
public sealed class LeavingStore(NpgsqlDataSource primary)
{
    public async Task<IReadOnlyList<LeavingRow>> ReadAsync(
        IReadOnlyList<PurseChange> changes,
        Func<long, long> timeOf,
        CancellationToken cancellationToken
    )
    {
        if (changes.Count == 0)
            return [];
        var purses = changes.Select(LeavingRules.KeyOf).Distinct().ToList();
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(
            new CommandDefinition(
                """
                SELECT address, market_id, outcome, state, units, requested_block, extract(epoch FROM requested_at)::bigint AS requested_at,
                    ready_block, extract(epoch FROM ready_at)::bigint AS ready_at, block_number, log_index,
                    extract(epoch FROM changed_at)::bigint AS changed_at, tx_hash
                FROM vault_leaving
                WHERE next_block IS NULL AND (address, market_id, outcome) IN (SELECT * FROM unnest(@addresses, @markets, @outcomes))
                """,
                new
                {
                    addresses = purses.Select(purse => purse.Account.ToBytes()).ToArray(),
                    markets = purses.Select(purse => purse.Market).ToArray(),
                    outcomes = purses.Select(purse => (short)purse.Outcome).ToArray(),
                },
                cancellationToken: cancellationToken
            )
        );
        return LeavingRules.Of(changes, rows.Select(row => row.View()).ToDictionary(row => row.Purse), timeOf);
    }

    // Call these three in one transaction with the cursor: the step is not repeated then, so no change is added twice.
    internal static NpgsqlBatchCommand Replace(IReadOnlyList<LeavingRow> rows)
    {
        var first = rows.DistinctBy(row => row.Purse).ToList();
        return SettlementJournal.Sql(
            """
            UPDATE vault_leaving v SET next_block = n.block
            FROM unnest($1::bytea[], $2::int[], $3::smallint[], $4::bigint[]) AS n (address, market_id, outcome, block)
            WHERE (v.address, v.market_id, v.outcome) = (n.address, n.market_id, n.outcome) AND v.next_block IS NULL
            """,
            first.Select(row => row.Purse.Account.ToBytes()).ToArray(),
            first.Select(row => row.Purse.Market).ToArray(),
            first.Select(row => (short)row.Purse.Outcome).ToArray(),
            first.Select(row => row.Block).ToArray()
        );
    }

    internal static NpgsqlBatchCommand Insert(IReadOnlyList<LeavingRow> rows) =>
        SettlementJournal.Sql(
            """
            INSERT INTO vault_leaving (block_number, log_index, address, market_id, outcome, state, units, requested_block,
                requested_at, ready_block, ready_at, changed_at, tx_hash, next_block)
            SELECT block, log, address, market, outcome, state, units, requested_block, to_timestamp(requested), ready_block,
                to_timestamp(ready), to_timestamp(changed), tx, next
            FROM unnest($1::bigint[], $2::int[], $3::bytea[], $4::int[], $5::smallint[], $6::smallint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bytea[], $14::bigint[])
                AS u (block, log, address, market, outcome, state, units, requested_block, requested, ready_block, ready, changed, tx, next)
            """,
            rows.Select(row => row.Block).ToArray(),
            rows.Select(row => row.LogIndex).ToArray(),
            rows.Select(row => row.Purse.Account.ToBytes()).ToArray(),
            rows.Select(row => row.Purse.Market).ToArray(),
            rows.Select(row => (short)row.Purse.Outcome).ToArray(),
            rows.Select(row => (short)row.State).ToArray(),
            rows.Select(row => row.Units).ToArray(),
            rows.Select(row => row.RequestedBlock).ToArray(),
            rows.Select(row => row.RequestedAt).ToArray(),
            rows.Select(row => row.ReadyBlock).ToArray(),
            rows.Select(row => row.ReadyAt).ToArray(),
            rows.Select(row => row.ChangedAt).ToArray(),
            rows.Select(row => row.TransactionHash).ToArray(),
            rows.Select(row => row.NextBlock).ToArray()
        );

    /// <summary>As long as a client may ask what became of its request; a thousand at a time, so that no step takes long.</summary>
    internal static NpgsqlBatchCommand Forget() =>
        SettlementJournal.Sql(
            """
            DELETE FROM vault_leaving WHERE (block_number, log_index) IN (
                SELECT block_number, log_index FROM vault_leaving
                WHERE (next_block IS NOT NULL OR state <> 0) AND changed_at < now() - interval '30 days' LIMIT 1000)
            """
        );

    // Call these two, in this order, with the cursor's way back.
    internal static NpgsqlBatchCommand Remove(long ancestor) =>
        SettlementJournal.Sql("DELETE FROM vault_leaving WHERE block_number > $1", ancestor);

    internal static NpgsqlBatchCommand Restore(long ancestor) =>
        SettlementJournal.Sql("UPDATE vault_leaving SET next_block = NULL, published = NULL WHERE next_block > $1", ancestor);

    private sealed class Row
    {
        public byte[] Address { get; init; } = [];
        public int MarketId { get; init; }
        public short Outcome { get; init; }
        public short State { get; init; }
        public long Units { get; init; }
        public long RequestedBlock { get; init; }
        public long RequestedAt { get; init; }
        public long ReadyBlock { get; init; }
        public long ReadyAt { get; init; }
        public long BlockNumber { get; init; }
        public int LogIndex { get; init; }
        public long ChangedAt { get; init; }
        public byte[] TxHash { get; init; } = [];

        public LeavingRow View() =>
            new(
                new AssetKey(new Address(Address), MarketId, Outcome, Engine.Purse.Vault),
                (LeavingState)State,
                Units,
                RequestedBlock,
                RequestedAt,
                ReadyBlock,
                ReadyAt,
                BlockNumber,
                LogIndex,
                ChangedAt,
                TxHash
            );
    }
}
