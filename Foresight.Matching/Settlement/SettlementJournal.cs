using Foresight.Matching.Leadership;
using Npgsql;

namespace Foresight.Matching.Settlement;

/// <summary>Comes from a write that has committed, so it may be published.</summary>
public sealed record TradeChange(long TradeId, int MarketId, string Settlement, string? Reason, byte[]? TransactionHash, long? BlockNumber);

/// <summary>
/// Each state change is one round trip and one transaction whose first statement is the fence. A holder that was replaced therefore changes
/// nothing, wherever it was paused. Each method returns the changed trades, to be published after the commit.
/// </summary>
public sealed class SettlementJournal(NpgsqlDataSource primary)
{
    private const string Changed = "RETURNING t.trade_id, t.market_id, t.settlement, t.settlement_reason, t.tx_hash, t.block_number";

    // A batch without a block was made void by another transaction, in a block that is followed by now.
    private const string RefusedBlock = """
        coalesce((SELECT block_number FROM settlement_batches WHERE batch_id = $1),
            (SELECT block_number FROM chain_cursors WHERE name = 'follower'))
        """;

    private const string InsertBatch = """
        INSERT INTO settlement_batches (market_id, signer, nonce, raw_tx, tx_hash, state, max_fee_wei, priority_fee_wei, gas_limit, trades,
            epoch, generation)
        VALUES ($1, $2, $3, $4, $5, 'signed', $6, $7, $8, $9, $10, (SELECT max(generation) FROM deployments)) RETURNING batch_id
        """;

    /// <summary>Stored before it is sent: after a crash the same bytes are sent again, never others for the same trades.</summary>
    public Task<IReadOnlyList<TradeChange>> StoreAsync(Term term, NewBatch batch, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                $"""
                WITH b AS ({InsertBatch})
                UPDATE trades t SET settlement = 'batched', batch_id = b.batch_id, settlement_changed_at = now() FROM b
                WHERE t.trade_id = ANY ($11) AND t.settlement = 'matched' {Changed}
                """,
                [.. BatchValues(term, batch), batch.TradeIds.ToArray()]
            )
        );

    /// <summary>By the sequence too: a nonce that has lapsed may have been granted again meanwhile, for another amount.</summary>
    public Task CoSignAsync(
        Term term,
        IReadOnlyList<(GrantedWithdrawal Grant, byte[] Signature)> signed,
        CancellationToken cancellationToken
    ) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                UPDATE withdrawals w SET co_signature = u.signature
                FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bytea[]) AS u (account, nonce, sequence, signature)
                WHERE w.account_id = u.account AND w.nonce = u.nonce AND w.sequence = u.sequence AND w.state = 0
                """,
                signed.Select(one => one.Grant.AccountId).ToArray(),
                signed.Select(one => unchecked((long)one.Grant.Nonce)).ToArray(),
                signed.Select(one => one.Grant.Sequence).ToArray(),
                signed.Select(one => one.Signature).ToArray()
            )
        );

    /// <summary>
    /// All trades stay with the nonce, also those that the new transaction leaves out: until it is confirmed, the old bytes may be mined
    /// after all.
    /// </summary>
    /// <param name="isSmaller">Then those left out go into a smaller batch later, as after a revert.</param>
    public Task<IReadOnlyList<TradeChange>> ReplaceAsync(
        Term term,
        long replaced,
        NewBatch by,
        bool isSmaller,
        CancellationToken cancellationToken
    ) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql("UPDATE settlement_batches SET state = 'replaced', updated_at = now() WHERE batch_id = $1", replaced),
            Sql(
                $"""
                WITH b AS ({InsertBatch})
                UPDATE trades t SET batch_id = b.batch_id,
                    settlement_attempts = least(t.settlement_attempts + CASE WHEN $12 THEN 1 ELSE 0 END, 100)
                FROM b WHERE t.batch_id = $11 {Changed}
                """,
                [.. BatchValues(term, by), replaced, isSmaller]
            )
        );

    public Task<IReadOnlyList<TradeChange>> MarkBroadcastAsync(Term term, long batchId, long head, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                UPDATE settlement_batches SET state = 'broadcast', broadcast_block = COALESCE(broadcast_block, $2),
                    broadcast_at = COALESCE(broadcast_at, now()), updated_at = now()
                WHERE batch_id = $1 AND state IN ('signed', 'broadcast')
                """,
                batchId,
                head
            ),
            Sql(
                $"""
                UPDATE trades t SET settlement = 'broadcast', settlement_changed_at = now()
                WHERE t.batch_id = $1 AND t.settlement = 'batched' {Changed}
                """,
                batchId
            )
        );

    /// <summary>
    /// A replaced transaction may be mined after all, so <paramref name="live"/> and <paramref name="mined"/> may differ.
    /// </summary>
    /// <param name="outcomes">Empty if the transaction reverted as a whole: its trades then wait until that is confirmed.</param>
    public Task<IReadOnlyList<TradeChange>> RecordMinedAsync(
        Term term,
        StoredBatch live,
        StoredBatch mined,
        MinedFacts facts,
        IReadOnlyList<TradeOutcome> outcomes,
        CancellationToken cancellationToken
    )
    {
        var settled = outcomes.Where(o => o.Reason is null).Select(o => o.TradeId).ToArray();
        var failed = outcomes.Where(o => o.HasFailed).ToArray();
        var held = outcomes.Where(o => o.IsHeld).ToArray();
        return ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                "UPDATE settlement_batches SET state = 'replaced', updated_at = now() WHERE batch_id = $1 AND batch_id <> $2",
                live.BatchId,
                mined.BatchId
            ),
            Sql(
                """
                UPDATE settlement_batches SET state = 'mined', block_number = $2, block_hash = $3, gas_used = $4, error = $5,
                    mined_at = now(), updated_at = now()
                WHERE batch_id = $1
                """,
                mined.BatchId,
                facts.BlockNumber,
                facts.BlockHash,
                facts.GasUsed,
                TextOrNull(facts.Error)
            ),
            Sql("UPDATE trades SET batch_id = $2 WHERE batch_id = $1 AND batch_id <> $2", live.BatchId, mined.BatchId),
            Sql(
                $"""
                UPDATE trades t SET settlement = 'mined', settlement_reason = NULL, batch_id = $2, tx_hash = $3, block_number = $4,
                    settlement_changed_at = now()
                WHERE t.trade_id = ANY ($1) AND t.settlement <> 'final' {Changed}
                """,
                settled,
                mined.BatchId,
                mined.TransactionHash,
                facts.BlockNumber
            ),
            Sql(
                $"""
                UPDATE trades t SET settlement = 'failed', settlement_reason = f.reason, batch_id = $3, tx_hash = $4, block_number = $5,
                    settlement_changed_at = now()
                FROM unnest($1::bigint[], $2::text[]) AS f (trade_id, reason)
                WHERE t.trade_id = f.trade_id AND t.settlement NOT IN ('mined', 'final') {Changed}
                """,
                failed.Select(f => f.TradeId).ToArray(),
                failed.Select(f => f.Reason!).ToArray(),
                mined.BatchId,
                mined.TransactionHash,
                facts.BlockNumber
            ),
            // Not returned to matched yet: if this block is undone, the same bytes may still settle these trades.
            Sql(
                $"""
                UPDATE trades t SET settlement = 'broadcast', settlement_reason = h.reason, batch_id = $3, settlement_changed_at = now()
                FROM unnest($1::bigint[], $2::text[]) AS h (trade_id, reason)
                WHERE t.trade_id = h.trade_id AND t.settlement IN ('batched', 'broadcast') {Changed}
                """,
                held.Select(h => h.TradeId).ToArray(),
                held.Select(h => h.Reason!).ToArray(),
                mined.BatchId
            )
        );
    }

    /// <summary>
    /// Final trades are left alone when a batch's block is no longer canonical: the follower has read them in a block of its own chain, and
    /// takes them back itself if that one is undone.
    /// </summary>
    public Task<IReadOnlyList<TradeChange>> BackToBroadcastAsync(
        Term term,
        IReadOnlyCollection<long> batchIds,
        CancellationToken cancellationToken
    ) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                """
                UPDATE settlement_batches SET state = 'broadcast', broadcast_block = NULL, block_number = NULL, block_hash = NULL,
                    gas_used = NULL, error = NULL, mined_at = NULL, updated_at = now()
                WHERE batch_id = ANY ($1) AND state IN ('mined', 'final', 'failed')
                """,
                batchIds.ToArray()
            ),
            Sql(
                $"""
                UPDATE trades t SET settlement = 'broadcast', settlement_reason = NULL, tx_hash = NULL, block_number = NULL,
                    settled_at = NULL, settlement_changed_at = now()
                WHERE t.batch_id = ANY ($1)
                  AND (t.settlement IN ('mined', 'failed') OR (t.settlement = 'broadcast' AND t.settlement_reason IS NOT NULL)) {Changed}
                """,
                batchIds.ToArray()
            )
        );

    /// <summary>
    /// The follower makes the trades final, once the engine has acknowledged them. Trades that a paused market refused, or that were left
    /// out, return to matched: they have certainly not settled, and no party is at fault.
    /// </summary>
    public Task<IReadOnlyList<TradeChange>> FinishAsync(Term term, long batchId, CancellationToken cancellationToken) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql("UPDATE settlement_batches SET state = 'final', updated_at = now() WHERE batch_id = $1 AND state = 'mined'", batchId),
            Sql(
                $"""
                UPDATE trades t SET settlement = 'matched', settlement_reason = NULL, batch_id = NULL, settlement_changed_at = now(),
                    refused_block = {RefusedBlock}
                WHERE t.batch_id = $1 AND t.settlement = 'broadcast' AND t.settlement_reason IS NOT NULL {Changed}
                """,
                batchId
            )
        );

    /// <summary>
    /// Only for a transaction that had no effect and never will: it reverted as a whole and is confirmed, a foreign transaction used its
    /// nonce, or its signer has lost the role. Its trades return to matched and go into smaller batches; a trade that was alone in it has
    /// failed by itself, unless it is firm: what none can fail is tried again.
    /// </summary>
    /// <param name="alone">The only trade of a transaction that reverted; null if there were others, or if it did not revert.</param>
    public Task<IReadOnlyList<TradeChange>> GiveUpAsync(
        Term term,
        long batchId,
        string reason,
        bool hasReverted,
        long? alone,
        CancellationToken cancellationToken
    ) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                "UPDATE settlement_batches SET state = 'failed', error = COALESCE(error, $2), updated_at = now() WHERE batch_id = $1",
                batchId,
                reason
            ),
            Sql(
                $"""
                UPDATE trades t SET
                    settlement = CASE WHEN t.trade_id = $4 AND NOT t.firm THEN 'failed' ELSE 'matched' END,
                    settlement_reason = CASE WHEN t.trade_id = $4 AND NOT t.firm THEN $2 END,
                    settlement_attempts = least(t.settlement_attempts + CASE WHEN $3 THEN 1 ELSE 0 END, 100),
                    batch_id = NULL, settlement_changed_at = now(), refused_block = {RefusedBlock}
                WHERE t.batch_id = $1 AND t.settlement IN ('batched', 'broadcast') {Changed}
                """,
                batchId,
                reason,
                hasReverted,
                new NpgsqlParameter { Value = (object?)alone ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint }
            )
        );

    /// <summary>
    /// The trades were never sent, or what was sent is confirmed not to have settled them, so nothing on chain can contradict this
    /// decision.
    /// </summary>
    public Task<IReadOnlyList<TradeChange>> FailUnsentAsync(
        Term term,
        IReadOnlyList<TradeOutcome> failed,
        CancellationToken cancellationToken
    ) =>
        ExecuteAsync(
            term,
            cancellationToken,
            Sql(
                $"""
                UPDATE trades t SET settlement = 'failed', settlement_reason = f.reason, settlement_changed_at = now()
                FROM unnest($1::bigint[], $2::text[]) AS f (trade_id, reason)
                WHERE t.trade_id = f.trade_id AND t.settlement = 'matched' {Changed}
                """,
                failed.Select(f => f.TradeId).ToArray(),
                failed.Select(f => f.Reason ?? "unknown").ToArray()
            )
        );

    /// <summary>Whether an operator has halted settlement; fenced, because what is sent next may have no write of its own.</summary>
    /// <exception cref="PostgresException">FS001: this node no longer holds the term.</exception>
    public async Task<bool> IsHaltedAsync(Term term, CancellationToken cancellationToken)
    {
        await using var batch = primary.CreateBatch();
        batch.BatchCommands.Add(Fence.Assert(term));
        batch.BatchCommands.Add(Sql("SELECT EXISTS (SELECT FROM operator_holds WHERE subject = 'settlement')"));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) && reader.GetBoolean(0);
    }

    private static object[] BatchValues(Term term, NewBatch batch) =>
        [
            new NpgsqlParameter { Value = (object?)batch.MarketId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer },
            batch.Signer,
            batch.Nonce,
            batch.RawTransaction,
            batch.TransactionHash,
            batch.Fee.MaxFee,
            batch.Fee.PriorityFee,
            batch.GasLimit,
            batch.TradeIds.Count,
            term.Epoch,
        ];

    internal static NpgsqlBatchCommand Sql(string text, params object[] values)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (var value in values)
            command.Parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
        return command;
    }

    internal static NpgsqlParameter TextOrNull(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };

    /// <exception cref="PostgresException">FS001: this node no longer holds the term; nothing was written.</exception>
    internal async Task<IReadOnlyList<TradeChange>> ExecuteAsync(
        Term term,
        CancellationToken cancellationToken,
        params IEnumerable<NpgsqlBatchCommand> commands
    )
    {
        await using var batch = primary.CreateBatch();
        batch.BatchCommands.Add(Fence.Assert(term));
        foreach (var command in commands)
            batch.BatchCommands.Add(command);
        var changes = new List<TradeChange>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            // Skips the rows of other statements, such as the fence's: only those that change trades have six columns.
            while (await reader.ReadAsync(cancellationToken))
            {
                if (reader.FieldCount != 6)
                    continue;
                changes.Add(
                    new TradeChange(
                        reader.GetInt64(0),
                        reader.GetInt32(1),
                        reader.GetString(2),
                        reader.IsDBNull(3) ? null : reader.GetString(3),
                        reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4),
                        reader.IsDBNull(5) ? null : reader.GetInt64(5)
                    )
                );
            }
        } while (await reader.NextResultAsync(cancellationToken));

        return changes;
    }
}

public sealed record MinedFacts(long BlockNumber, byte[] BlockHash, long GasUsed, string? Error);
