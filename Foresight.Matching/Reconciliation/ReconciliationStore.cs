using System.Numerics;
using Dapper;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <param name="DryRun">True if the run plans repairs and makes none.</param>
public sealed record RunRow(long RunId, bool Manual, bool DryRun = false);

/// <summary>Reads at the primary: on a replica that lags, trades would look missing.</summary>
public sealed class ReconciliationStore(NpgsqlDataSource primary)
{
    public async Task<Dictionary<long, JournalTrade>> ReadTradesAsync(
        BlockRange range,
        IReadOnlyCollection<long> ids,
        CancellationToken cancellationToken
    )
    {
        await using var command = primary.CreateCommand(
            """
            WITH wanted AS (
                SELECT trade_id FROM trades WHERE trade_id = ANY ($1)
                UNION
                SELECT t.trade_id FROM trades t JOIN markets m USING (market_id)
                WHERE t.block_number BETWEEN $2 AND $3 AND t.settlement IN ('mined', 'final')
                    AND m.generation = (SELECT max(generation) FROM deployments))
            SELECT t.trade_id, t.market_id, t.kind, t.quantity_lots, t.settlement, t.settlement_reason, t.block_number, t.tx_hash, t.closed,
                   o.order_hash, a.address, f.outcome, f.is_buy, f.price_ticks, f.quantity_lots
            FROM wanted w JOIN trades t USING (trade_id) LEFT JOIN fills f USING (trade_id) LEFT JOIN orders o USING (order_id)
                 LEFT JOIN accounts a ON a.account_id = f.account_id
            ORDER BY t.trade_id, f.leg
            """
        );
        command.Parameters.Add(new() { Value = ids.ToArray() });
        command.Parameters.Add(new() { Value = range.FromBlock });
        command.Parameters.Add(new() { Value = range.ToBlock });

        var trades = new Dictionary<long, JournalTrade>();
        var fills = new List<FillSide>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetInt64(0);
            if (!trades.ContainsKey(id))
            {
                fills = [];
                trades[id] = new JournalTrade(
                    id,
                    reader.GetInt32(1),
                    reader.GetInt16(2),
                    reader.GetInt64(3) * OrderMessage.AmountPerLot,
                    reader.GetString(4),
                    reader.IsDBNull(5) ? null : reader.GetString(5),
                    reader.IsDBNull(6) ? null : reader.GetInt64(6),
                    reader.IsDBNull(7) ? null : Hex.Encode(reader.GetFieldValue<byte[]>(7)),
                    reader.GetBoolean(8),
                    fills
                );
            }

            if (reader.IsDBNull(9))
                continue;
            fills.Add(
                new FillSide(
                    Hex.Encode(reader.GetFieldValue<byte[]>(9)),
                    Hex.Encode(reader.GetFieldValue<byte[]>(10)),
                    reader.GetInt16(11),
                    reader.GetBoolean(12),
                    (BigInteger)reader.GetInt32(13) * OrderMessage.PricePerTick,
                    reader.GetInt64(14) * OrderMessage.AmountPerLot
                )
            );
        }

        return trades;
    }

    /// <summary>No range would ever contain a settled trade that names no block, or one before the deployment.</summary>
    public async Task<IReadOnlyList<long>> ReadSettledNowhereAsync(long deployedBlock, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<long>(
                new CommandDefinition(
                    """
                    SELECT t.trade_id FROM trades t JOIN markets m USING (market_id)
                    WHERE t.settlement IN ('mined', 'final') AND (t.block_number IS NULL OR t.block_number < @deployedBlock)
                      AND m.generation = (SELECT max(generation) FROM deployments)
                    ORDER BY t.trade_id LIMIT @limit
                    """,
                    new { deployedBlock, limit },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<HashSet<string>> ReadRecordedAsync(BlockRange range, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<string>(
                new CommandDefinition(
                    "SELECT natural_key FROM chain_fills WHERE block_number BETWEEN @FromBlock AND @ToBlock",
                    new { range.FromBlock, range.ToBlock },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<HashSet<string>> ReadKnownOrdersAsync(IReadOnlyCollection<string> hashes, CancellationToken cancellationToken)
    {
        if (hashes.Count == 0)
            return [];
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var known = await connection.QueryAsync<byte[]>(
            new CommandDefinition(
                "SELECT order_hash FROM orders WHERE order_hash = ANY (@hashes)",
                new { hashes = hashes.Select(Hex.Decode).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return [.. known.Select(h => Hex.Encode(h))];
    }

    public async Task<long?> ReadCursorAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition(
                "SELECT block_number FROM chain_cursors WHERE name = @name",
                new { name },
                cancellationToken: cancellationToken
            )
        );
    }

    public async Task<RunRow?> ReadRequestedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<(long Id, bool DryRun)?>(
            new CommandDefinition(
                "SELECT run_id, dry_run FROM reconciliation_runs WHERE state = 'requested' ORDER BY run_id LIMIT 1",
                cancellationToken: cancellationToken
            )
        );
        return row is { } run ? new RunRow(run.Id, Manual: true, run.DryRun) : null;
    }

    /// <summary>Lets a new holder keep the interval from the last success.</summary>
    public async Task<DateTimeOffset?> ReadLastSuccessAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var at = await connection.ExecuteScalarAsync<DateTime?>(
            new CommandDefinition(
                "SELECT max(finished_at) FROM reconciliation_runs WHERE state = 'succeeded'",
                cancellationToken: cancellationToken
            )
        );
        return at is { } when ? new DateTimeOffset(when) : null;
    }

    public async Task<HashSet<string>> ReadDecidedAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<string>(
                new CommandDefinition(
                    "SELECT natural_key FROM discrepancies WHERE natural_key = ANY (@keys) AND state IN ('resolved', 'ignored')",
                    new { keys = keys.ToArray() },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<IReadOnlyList<(byte[] Hash, byte[] Maker, int MarketId, long FinalLots)>> ReadRestingAsync(
        IReadOnlyCollection<string> hashes,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<(byte[], byte[], int, long)>(
                new CommandDefinition(
                    """
                    SELECT o.order_hash, a.address, o.market_id,
                           COALESCE((SELECT sum(f.quantity_lots) FROM fills f JOIN trades t USING (trade_id)
                               WHERE f.order_id = o.order_id AND t.settlement = 'final'), 0)::bigint
                    FROM orders o JOIN accounts a USING (account_id) WHERE o.order_hash = ANY (@hashes) AND o.status IN (0, 1)
                    """,
                    new { hashes = hashes.Select(Hex.Decode).ToArray() },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<long> CountOpenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(
                "SELECT count(*) FROM discrepancies WHERE state NOT IN ('resolved', 'ignored')",
                cancellationToken: cancellationToken
            )
        );
    }
}
