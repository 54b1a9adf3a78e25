using System.Globalization;
using System.Numerics;
using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.Settlement;

/// <param name="SignedByContract">
/// The order was sent as signed by a contract wallet, and the leader asked the wallet, which agreed.
/// </param>
/// <param name="SigningKey">The key that signed it, if the maker had registered that at the vault.</param>
public sealed record TradeLeg(
    long TradeId,
    int Leg,
    int Kind,
    byte[] OrderHash,
    byte[] Maker,
    int Outcome,
    bool IsBuy,
    int OrderPriceTicks,
    long OrderLots,
    BigInteger Salt,
    long Expiry,
    byte[] Signature,
    int PriceTicks,
    long Lots,
    bool IsTaker,
    bool SignedByContract,
    bool OfVault = false,
    byte[]? SigningKey = null
)
{
    /// <summary>A trade is firm when each of its legs is paid by a purse in the vault: nothing outside can make it fail.</summary>
    public static bool AreFirm(IEnumerable<TradeLeg> legs) => legs.All(leg => leg.OfVault);
}

/// <param name="MarketId">Null for upkeep (a sign of life, a decision that takes effect), which has no trades either.</param>
/// <param name="IsBumped">An operator wants it replaced at once, and not only when it is stuck.</param>
public sealed record StoredBatch(
    long BatchId,
    int? MarketId,
    byte[] Signer,
    long Nonce,
    byte[] RawTransaction,
    byte[] TransactionHash,
    string State,
    long? BlockNumber,
    byte[]? BlockHash,
    string? Error,
    BigInteger MaxFee,
    BigInteger PriorityFee,
    long GasLimit,
    int Trades,
    long? BroadcastBlock,
    bool IsBumped
)
{
    public bool IsUpkeep => MarketId is null;

    public Fee Fee => new(MaxFee, PriorityFee);

    public BatchFacts Facts => new(State, BlockNumber, BlockHash, BroadcastBlock);
}

/// <param name="MarketId">0 for collateral, of micro-USDC; else <paramref name="Units"/> are lots.</param>
public sealed record GrantedWithdrawal(
    int AccountId,
    byte[] Account,
    int MarketId,
    int Outcome,
    long Units,
    ulong Nonce,
    long DeadlineSeconds,
    long Sequence
);

public sealed record NewBatch(
    int? MarketId,
    byte[] Signer,
    long Nonce,
    byte[] RawTransaction,
    byte[] TransactionHash,
    Fee Fee,
    long GasLimit,
    IReadOnlyList<long> TradeIds
);

/// <param name="Reason">Null if it settled.</param>
/// <param name="IsHeld">
/// True if a paused market refused it, or if it was left out: nothing is decided, and it is sent again.
/// </param>
public sealed record TradeOutcome(long TradeId, string? Reason, bool IsHeld = false)
{
    public bool HasFailed => Reason is not null && !IsHeld;
}

/// <summary>Reads at the primary: with the stale state of a replica the submitter would send a trade twice.</summary>
public sealed class SettlementStore(NpgsqlDataSource primary)
{
    private const string BatchColumns =
        "batch_id, market_id, signer, nonce, raw_tx, tx_hash, state, block_number, block_hash, error, max_fee_wei::text, "
        + "priority_fee_wei::text, gas_limit, trades, broadcast_block, "
        + "COALESCE(batch_id = (SELECT bumped_batch FROM settlement_status), false)";

    /// <summary>
    /// Ordered by time, because trade ids of different shards are not comparable. Only trades of the current chain that no batch contains.
    /// </summary>
    /// <param name="isFirm">
    /// Firm ones of accounts that are leaving come first: their money is gone when the delay is over, that of others has yet to be asked
    /// for.
    /// </param>
    /// <param name="undone">Accounts whose other trades are left out, see <see cref="ReadUndoneAccountsAsync"/>.</param>
    public async Task<IReadOnlyList<WaitingTrade>> ReadWaitingAsync(
        bool isFirm,
        int limit,
        IReadOnlyCollection<int> exceptMarkets,
        IReadOnlyCollection<long> exceptTrades,
        IReadOnlyCollection<int> undone,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        if (!isFirm)
            return await ReadAsync("NOT w.firm");
        // At most as many trades are looked through as may be unsettled and firm (index trades_firm_unsettled), and none where no request
        // is open.
        var leaving = await ReadAsync(
            """
            w.firm AND EXISTS (SELECT FROM vault_leaving WHERE next_block IS NULL AND state = 0)
                AND EXISTS (SELECT FROM fills f JOIN accounts a USING (account_id) JOIN vault_leaving v USING (address)
                    WHERE f.trade_id = w.trade_id AND v.next_block IS NULL AND v.state = 0)
            """
        );
        var all = leaving.Count < limit ? await ReadAsync("w.firm") : [];
        return [.. leaving.Concat(all).DistinctBy(trade => trade.TradeId).Take(limit)];

        async Task<IReadOnlyList<WaitingTrade>> ReadAsync(string which)
        {
            var rows = await connection.QueryAsync<(
                long Id,
                int Market,
                int Legs,
                short Attempts,
                DateTime Since,
                DateTime? At,
                bool Firm
            )>(
                new CommandDefinition(
                    $"""
                    SELECT t.trade_id, t.market_id, (SELECT count(*)::int FROM fills f WHERE f.trade_id = t.trade_id),
                        t.settlement_attempts, t.settlement_changed_at, CASE WHEN NOT t.closed THEN t.executed_at END, t.firm
                    FROM (SELECT generate_series(0, shard_count() - 1)::bigint) s(shard)
                    CROSS JOIN LATERAL (
                        SELECT w.* FROM trades w JOIN markets m USING (market_id)
                        WHERE w.settlement = 'matched' AND {which} AND m.generation = (SELECT max(generation) FROM deployments)
                          AND w.market_id <> ALL (@markets) AND w.trade_id <> ALL (@trades)
                          AND (w.closed OR cardinality(@undone) = 0
                               OR NOT EXISTS (SELECT 1 FROM fills f WHERE f.trade_id = w.trade_id AND f.account_id = ANY (@undone)))
                          AND w.trade_id >= s.shard << 48 AND w.trade_id < (s.shard + 1) << 48
                        ORDER BY w.trade_id LIMIT @limit) t
                    ORDER BY t.executed_at, t.trade_id LIMIT @limit
                    """,
                    new
                    {
                        limit,
                        markets = exceptMarkets.ToArray(),
                        trades = exceptTrades.ToArray(),
                        undone = undone.ToArray(),
                    },
                    cancellationToken: cancellationToken
                )
            );
            return
            [
                .. rows.Select(r => new WaitingTrade(
                    r.Id,
                    r.Market,
                    r.Legs,
                    r.Attempts,
                    new DateTimeOffset(r.Since),
                    r.At is { } at ? new DateTimeOffset(at) : null,
                    r.Firm
                )),
            ];
        }
    }

    /// <summary>Of those that are in no block; null if there is none.</summary>
    public async Task<TimeSpan?> ReadLongestFirmWaitAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<TimeSpan?>(
            new CommandDefinition(
                """
                SELECT clock_timestamp() - min(executed_at) FROM trades
                WHERE firm AND settlement IN ('matched', 'batched', 'broadcast') AND NOT closed
                """,
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>Markets whose announced decision may take effect by now.</summary>
    public async Task<IReadOnlyList<int>> ReadDecidedAsync(int generation, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<int>(
                new CommandDefinition(
                    """
                    SELECT market_id FROM markets m WHERE generation = @generation AND decision_ready_at <= now()
                        AND NOT EXISTS (SELECT FROM trades t WHERE t.market_id = m.market_id AND t.firm AND NOT t.closed)
                    ORDER BY decision_ready_at LIMIT @DecisionsPerLook
                    """,
                    new { generation, DecisionsPerLook },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    private const int DecisionsPerLook = 50;

    public async Task<IReadOnlyList<GrantedWithdrawal>> ReadToCoSignAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Granted>(
            new CommandDefinition(
                """
                SELECT w.account_id, a.address, w.market_id, w.outcome, w.units, w.nonce, w.sequence,
                    extract(epoch FROM w.deadline)::bigint AS deadline
                FROM withdrawals w JOIN accounts a USING (account_id) LEFT JOIN markets m USING (market_id)
                WHERE w.state = 0 AND w.co_signature IS NULL AND w.deadline > now()
                    AND (w.market_id = 0 OR m.generation = (SELECT max(generation) FROM deployments))
                ORDER BY w.granted_at LIMIT @WithdrawalsPerLook
                """,
                new { WithdrawalsPerLook },
                cancellationToken: cancellationToken
            )
        );
        return
        [
            .. rows.Select(r => new GrantedWithdrawal(
                r.AccountId,
                r.Address,
                r.MarketId,
                r.Outcome,
                r.Units,
                unchecked((ulong)r.Nonce),
                r.Deadline,
                r.Sequence
            )),
        ];
    }

    private sealed class Granted
    {
        public int AccountId { get; init; }
        public byte[] Address { get; init; } = [];
        public int MarketId { get; init; }
        public short Outcome { get; init; }
        public long Units { get; init; }
        public long Nonce { get; init; }
        public long Sequence { get; init; }
        public long Deadline { get; init; }
    }

    private const int WithdrawalsPerLook = 500;

    public async Task<(BlockMark? Cursor, bool Reobserves)> ReadFollowedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = (
            await connection.QueryAsync<(string Name, long Number, byte[] Hash)>(
                new CommandDefinition(
                    "SELECT name, block_number, block_hash FROM chain_cursors WHERE name IN (@Follower, @Reobserve)",
                    new { ChainCursors.Follower, ChainCursors.Reobserve },
                    cancellationToken: cancellationToken
                )
            )
        ).ToList();
        var cursor = rows.Where(r => r.Name == ChainCursors.Follower)
            .Select(r => (BlockMark?)new BlockMark(r.Number, new Hash32(r.Hash)))
            .FirstOrDefault();
        return (cursor, rows.Exists(r => r.Name == ChainCursors.Reobserve));
    }

    /// <summary>
    /// A reorganisation has undone trades that the engine has settled: until those are on chain again, their proceeds are in the ledger but
    /// not on the chain, and a trade that spends them would fail without anyone's fault.
    /// </summary>
    public async Task<IReadOnlyList<int>> ReadUndoneAccountsAsync(long head, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<int>(
                new CommandDefinition(
                    """
                    SELECT DISTINCT f.account_id FROM trades t JOIN markets m USING (market_id) JOIN fills f USING (trade_id)
                    WHERE t.closed AND t.settlement NOT IN ('final', 'failed') AND (t.settlement <> 'mined' OR t.block_number > @head)
                      AND m.generation = (SELECT max(generation) FROM deployments)
                    """,
                    new { head },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<ILookup<long, TradeLeg>> ReadLegsAsync(IReadOnlyCollection<long> tradeIds, CancellationToken cancellationToken)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT f.trade_id, f.leg, t.kind, o.order_hash, a.address, f.outcome, f.is_buy, o.price_ticks, o.quantity_lots, o.salt,
                o.expiry, o.signature, f.price_ticks, f.quantity_lots, f.is_taker, o.signed_by_contract, f.purse = 1,
                o.signing_key
            FROM fills f JOIN trades t USING (trade_id) JOIN orders o USING (order_id) JOIN accounts a ON a.account_id = f.account_id
            WHERE f.trade_id = ANY ($1) ORDER BY f.trade_id, f.leg
            """
        );
        command.Parameters.Add(new() { Value = tradeIds.ToArray() });
        var legs = new List<TradeLeg>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            legs.Add(
                new TradeLeg(
                    reader.GetInt64(0),
                    reader.GetInt16(1),
                    reader.GetInt16(2),
                    reader.GetFieldValue<byte[]>(3),
                    reader.GetFieldValue<byte[]>(4),
                    reader.GetInt16(5),
                    reader.GetBoolean(6),
                    reader.GetInt32(7),
                    reader.GetInt64(8),
                    reader.GetFieldValue<BigInteger>(9),
                    reader.GetInt64(10),
                    reader.GetFieldValue<byte[]>(11),
                    reader.GetInt32(12),
                    reader.GetInt64(13),
                    reader.GetBoolean(14),
                    reader.GetBoolean(15),
                    reader.GetBoolean(16),
                    reader.IsDBNull(17) ? null : reader.GetFieldValue<byte[]>(17)
                )
            );
        }

        return legs.ToLookup(l => l.TradeId);
    }

    /// <summary>Of every signer, because what a former key has signed may still be mined.</summary>
    public Task<IReadOnlyList<StoredBatch>> ReadUnfinishedAsync(CancellationToken cancellationToken) =>
        ReadBatchesAsync("state IN ('signed', 'broadcast', 'mined') ORDER BY nonce", [], cancellationToken);

    /// <summary>Any of the transactions ever signed for a nonce may be the one that is mined. Newest first.</summary>
    public Task<IReadOnlyList<StoredBatch>> ReadFamilyAsync(byte[] signer, long nonce, CancellationToken cancellationToken) =>
        ReadBatchesAsync("signer = $1 AND nonce = $2 ORDER BY batch_id DESC", [signer, nonce], cancellationToken);

    public async Task<long?> ReadLastNonceAsync(byte[] signer, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition(
                """
                SELECT max(nonce) FROM settlement_batches
                WHERE signer = @signer AND generation = (SELECT max(generation) FROM deployments)
                """,
                new { signer },
                cancellationToken: cancellationToken
            )
        );
    }

    public async Task<IReadOnlyList<long>> ReadTradeIdsAsync(long batchId, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<long>(
                new CommandDefinition(
                    "SELECT trade_id FROM trades WHERE batch_id = @batchId ORDER BY trade_id",
                    new { batchId },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    internal Task<SettlementTrace> ReadTraceAsync(IEnumerable<long> tradeIds, CancellationToken cancellationToken) =>
        SettlementTrace.ReadAsync(primary, tradeIds, cancellationToken);

    public async Task<long> CountPendingAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(
            new CommandDefinition(
                "SELECT count(*) FROM trades WHERE settlement NOT IN ('final', 'failed')",
                cancellationToken: cancellationToken
            )
        );
    }

    private async Task<IReadOnlyList<StoredBatch>> ReadBatchesAsync(string where, object[] values, CancellationToken cancellationToken)
    {
        await using var command = primary.CreateCommand($"SELECT {BatchColumns} FROM settlement_batches WHERE {where}");
        foreach (var value in values)
            command.Parameters.Add(new() { Value = value });
        var batches = new List<StoredBatch>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            batches.Add(
                new StoredBatch(
                    reader.GetInt64(0),
                    reader.IsDBNull(1) ? null : reader.GetInt32(1),
                    reader.GetFieldValue<byte[]>(2),
                    reader.GetInt64(3),
                    reader.GetFieldValue<byte[]>(4),
                    reader.GetFieldValue<byte[]>(5),
                    reader.GetString(6),
                    reader.IsDBNull(7) ? null : reader.GetInt64(7),
                    reader.IsDBNull(8) ? null : reader.GetFieldValue<byte[]>(8),
                    reader.IsDBNull(9) ? null : reader.GetString(9),
                    BigInteger.Parse(reader.GetString(10), CultureInfo.InvariantCulture),
                    BigInteger.Parse(reader.GetString(11), CultureInfo.InvariantCulture),
                    reader.GetInt64(12),
                    reader.GetInt32(13),
                    reader.IsDBNull(14) ? null : reader.GetInt64(14),
                    reader.GetBoolean(15)
                )
            );
        }

        return batches;
    }
}
