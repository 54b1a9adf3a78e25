using Foresight.Chain;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.ChainFollowing;

public sealed record FinalTrade(long TradeId, byte[] TransactionHash, long BlockNumber);

public sealed class FollowerJournal(SettlementJournal journal)
{
    private const string Changed = "RETURNING t.trade_id, t.market_id, t.settlement, t.settlement_reason, t.tx_hash, t.block_number";

    // Of a range that reaches beyond the ancestor, only the part up to it was compared on this chain.
    private const string VoidCoverage = """
        WITH cut AS (
            UPDATE reconciliation_coverage c SET to_block = $1 FROM reconciliation_coverage before
            WHERE c.state = 'covered' AND c.from_block <= $1 AND c.to_block > $1
                AND (before.run_id, before.from_block) = (c.run_id, c.from_block)
            RETURNING c.run_id, before.to_block)
        INSERT INTO reconciliation_coverage (run_id, from_block, to_block, state, error)
        SELECT run_id, $1 + 1, to_block, 'undone', 'A reorganisation undid these blocks.' FROM cut
        """;

    // As long as a client may ask what became of its request; a thousand at a time, so that no step takes long.
    private const string ForgetWithdrawals = """
        DELETE FROM withdrawals WHERE state <> 0 AND (account_id, nonce) IN (
            SELECT account_id, nonce FROM withdrawals WHERE state <> 0 AND deadline < now() - interval '30 days' LIMIT 1000)
        """;

    /// <summary>
    /// Call only when the leader has acknowledged the step in full: once the cursor has moved, the step is never repeated.
    /// </summary>
    /// <param name="decisions">
    /// Unix seconds from which an announced decision can take effect; null where one has. In the chain's order.
    /// </param>
    /// <param name="waiting">What purses got in these blocks, and the block up to which it is theirs.</param>
    /// <param name="leaving">What changed of the purses that something is leaving of, in the chain's order.</param>
    /// <param name="headers">Every block of the step, so that a later reorganisation is traced back to exactly where it began.</param>
    public Task<IReadOnlyList<TradeChange>> AdvanceAsync(
        Term term,
        IReadOnlyList<BlockHeader> headers,
        IReadOnlyList<SignOfLife> signs,
        IReadOnlyList<(int Market, long? ReadyTime)> decisions,
        IReadOnlyList<LeavingRow> leaving,
        (IReadOnlyList<WaitingIncrease> Increases, long Final) waiting,
        IReadOnlyList<FinalTrade> final,
        IReadOnlyList<(long TradeId, string Reason, byte[] TransactionHash, long Block)> failed,
        CancellationToken cancellationToken
    )
    {
        var to = headers[^1];
        // One statement cannot update a row twice; what came last holds.
        var ends = new Dictionary<int, long?>();
        foreach (var (market, ready) in decisions)
            ends[market] = ready;
        var kept = headers.TakeLast(SettlementOptions.MaximumFinalityBlocks).ToList();
        return journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                $"""
                UPDATE trades t SET settlement = 'final', settlement_reason = NULL, tx_hash = f.tx_hash, block_number = f.block_number,
                    batch_id = coalesce(b.batch_id, t.batch_id), settled_at = now(), settlement_changed_at = now()
                FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS f (trade_id, tx_hash, block_number)
                LEFT JOIN settlement_batches b ON b.tx_hash = f.tx_hash
                WHERE t.trade_id = f.trade_id AND (t.settlement, t.block_number) IS DISTINCT FROM ('final', f.block_number) {Changed}
                """,
                final.Select(f => f.TradeId).ToArray(),
                final.Select(f => f.TransactionHash).ToArray(),
                final.Select(f => f.BlockNumber).ToArray()
            ),
            // A batch that was given up and is mined after all: the submitter finds its receipt, so that it is undone with its block.
            SettlementJournal.Sql(
                """
                UPDATE settlement_batches b SET state = 'broadcast', error = NULL, updated_at = now()
                WHERE b.tx_hash = ANY ($1) AND b.state IN ('failed', 'replaced') AND NOT EXISTS (
                    SELECT FROM settlement_batches o
                    WHERE (o.signer, o.nonce, o.generation) = (b.signer, b.nonce, b.generation) AND o.state NOT IN ('failed', 'replaced'))
                """,
                // The array is one value, not the list of them.
                (object)final.Select(f => f.TransactionHash).ToArray()
            ),
            // Usually the submitter has recorded the receipt; this covers a batch whose receipt no submitter read. A failure in a batch
            // that was given up decides nothing: the trade is in another one by now. A firm trade is never given up.
            SettlementJournal.Sql(
                $"""
                UPDATE trades t SET settlement = 'failed', settlement_reason = f.reason, tx_hash = f.tx_hash, block_number = f.block_number,
                    settlement_changed_at = now()
                FROM unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[]) AS f (trade_id, reason, tx_hash, block_number)
                WHERE t.trade_id = f.trade_id AND t.settlement IN ('batched', 'broadcast') AND NOT t.firm AND EXISTS (
                    SELECT FROM settlement_batches own JOIN settlement_batches sent USING (signer, nonce)
                    WHERE own.batch_id = t.batch_id AND sent.tx_hash = f.tx_hash) {Changed}
                """,
                failed.Select(f => f.TradeId).ToArray(),
                failed.Select(f => f.Reason).ToArray(),
                failed.Select(f => f.TransactionHash).ToArray(),
                failed.Select(f => f.Block).ToArray()
            ),
            SettlementJournal.Sql(
                """
                INSERT INTO chain_cursors (name, block_number, block_hash, block_time) VALUES ($1, $2, $3, $4)
                ON CONFLICT (name) DO UPDATE SET block_number = excluded.block_number, block_hash = excluded.block_hash,
                    block_time = excluded.block_time, updated_at = now()
                """,
                ChainCursors.Follower,
                to.Number,
                to.Hash.ToBytes(),
                to.Timestamp
            ),
            Signs(headers[0].Number - 1, signs),
            SettlementJournal.Sql(
                """
                UPDATE markets m SET decision_ready_at = to_timestamp(a.ready)
                FROM unnest($1::int[], $2::bigint[]) AS a (market, ready) WHERE m.market_id = a.market
                """,
                ends.Keys.ToArray(),
                ends.Values.ToArray()
            ),
            SettlementJournal.Sql(
                "DELETE FROM signs_of_life WHERE block_number < $1 AND signed_at < (SELECT max(signed_at) FROM signs_of_life)",
                to.Number - SettlementOptions.MaximumFinalityBlocks
            ),
            SettlementJournal.Sql(
                """
                INSERT INTO chain_blocks (block_number, block_hash) SELECT * FROM unnest($1::bigint[], $2::bytea[])
                ON CONFLICT (block_number) DO UPDATE SET block_hash = excluded.block_hash
                """,
                kept.Select(b => b.Number).ToArray(),
                kept.Select(b => b.Hash.ToBytes()).ToArray()
            ),
            SettlementJournal.Sql("DELETE FROM chain_blocks WHERE block_number < $1", to.Number - SettlementOptions.MaximumFinalityBlocks),
            SettlementJournal.Sql("DELETE FROM unconfirmed_decreases WHERE seen_block <= $1", to.Number),
            SettlementJournal.Sql("DELETE FROM chain_cursors WHERE name = $1 AND block_number < $2", ChainCursors.Reobserve, to.Number),
            SettlementJournal.Sql(ForgetWithdrawals),
            WaitingStore.Insert([.. waiting.Increases.Where(one => one.Block > waiting.Final)]),
            WaitingStore.InsertFailed(waiting.Final, to.Number),
            WaitingStore.Forget(waiting.Final),
            LeavingStore.Replace(leaving),
            LeavingStore.Insert(leaving),
            LeavingStore.Forget()
        );
    }

    /// <summary>
    /// Which co-signatures the blocks after <paramref name="from"/> have paid, also of a step that was not completed: its blocks may have
    /// been replaced.
    /// </summary>
    public Task NotePaidAsync(Term term, long from, IReadOnlyCollection<SpentCoSignature> spent, CancellationToken cancellationToken)
    {
        var nonces = spent.Where(one => one.Nonce <= ulong.MaxValue).ToList();
        return journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql("UPDATE withdrawals SET paid_block = NULL WHERE state = 0 AND paid_block > $1", from),
            SettlementJournal.Sql("UPDATE withdrawals SET spent_block = NULL WHERE spent_block > $1", from),
            SettlementJournal.Sql(
                """
                UPDATE withdrawals w SET spent_block = s.block, paid_block = CASE WHEN w.state = 0 THEN s.block ELSE w.paid_block END
                FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) s(address, nonce, block) JOIN accounts a USING (address)
                WHERE w.account_id = a.account_id AND w.nonce = s.nonce
                """,
                nonces.Select(one => one.Account.ToBytes()).ToArray(),
                nonces.Select(one => unchecked((long)(ulong)one.Nonce)).ToArray(),
                nonces.Select(one => one.Block).ToArray()
            )
        );
    }

    /// <summary>
    /// What the blocks after <paramref name="from"/> announce, up to <paramref name="to"/>, in place of what was noted of them before: they
    /// may be unconfirmed. Later ones keep theirs, since an endpoint that is behind undoes nothing.
    /// </summary>
    public Task NoteKeysAsync(Term term, IReadOnlyList<AnnouncedKey> keys, long from, long to, CancellationToken cancellationToken)
    {
        var accounts = keys.Select(k => k.Account.ToBytes()).ToArray();
        return journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql("DELETE FROM signing_keys WHERE block_number > $1 AND block_number <= $2", from, to),
            SettlementJournal.Sql(
                """
                INSERT INTO signing_keys (address, block_number, log_index, key, ready_block, ready_time)
                SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::int[], $4::bytea[], $5::bigint[], $6::bigint[])
                """,
                accounts,
                keys.Select(k => k.Block).ToArray(),
                keys.Select(k => k.LogIndex).ToArray(),
                keys.Select(k => k.Key.ToBytes()).ToArray(),
                keys.Select(k => k.ReadyBlock).ToArray(),
                keys.Select(k => k.ReadyTime).ToArray()
            ),
            // Only what a reorganisation cannot undo replaces for good.
            SettlementJournal.Sql(
                """
                DELETE FROM signing_keys k WHERE k.address = ANY ($1) AND EXISTS (
                    SELECT FROM signing_keys later WHERE later.address = k.address AND later.block_number <= $2
                      AND (later.block_number, later.log_index) > (k.block_number, k.log_index))
                """,
                accounts,
                from - SettlementOptions.MaximumFinalityBlocks
            )
        );
    }

    /// <summary>
    /// The blocks after <paramref name="from"/> must be confirmed: the leader accepts orders for as long as the last of these signs allows.
    /// </summary>
    public Task NoteSignsAsync(Term term, long from, IReadOnlyList<SignOfLife> signs, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(term, cancellationToken, Signs(from, signs));

    /// <summary>
    /// Until the follower has passed its old position again, a mark demands that every account be observed, because an undone event leaves
    /// no event behind.
    /// </summary>
    public Task<IReadOnlyList<TradeChange>> RewindAsync(Term term, BlockMark ancestor, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                """
                UPDATE settlement_batches SET state = 'broadcast', broadcast_block = NULL, block_number = NULL, block_hash = NULL,
                    gas_used = NULL, error = NULL, updated_at = now()
                WHERE block_number > $1 AND state IN ('mined', 'final', 'failed')
                """,
                ancestor.Number
            ),
            MarketProposals.Undo(ancestor.Number),
            // A retried trade has not failed; if it fails again, the party responsible then is recorded.
            SettlementJournal.Sql(
                """
                DELETE FROM strikes o USING trades t JOIN markets m USING (market_id)
                WHERE o.trade_id = t.trade_id AND m.generation = (SELECT max(generation) FROM deployments)
                  AND t.block_number > $1 AND t.settlement = 'failed' AND t.batch_id IS NOT NULL
                """,
                ancestor.Number
            ),
            SettlementJournal.Sql(
                $"""
                UPDATE trades t SET settlement = 'broadcast', settlement_reason = NULL, tx_hash = NULL, block_number = NULL,
                    settled_at = NULL, settlement_changed_at = now()
                FROM markets m WHERE m.market_id = t.market_id AND m.generation = (SELECT max(generation) FROM deployments)
                  AND t.block_number > $1 AND t.settlement IN ('mined', 'final', 'failed') AND t.batch_id IS NOT NULL {Changed}
                """,
                ancestor.Number
            ),
            SettlementJournal.Sql("DELETE FROM chain_blocks WHERE block_number > $1", ancestor.Number),
            SettlementJournal.Sql(VoidCoverage, ancestor.Number),
            SettlementJournal.Sql("DELETE FROM signs_of_life WHERE block_number > $1", ancestor.Number),
            SettlementJournal.Sql("DELETE FROM signing_keys WHERE block_number > $1", ancestor.Number),
            SettlementJournal.Sql("UPDATE withdrawals SET paid_block = NULL WHERE state = 0 AND paid_block > $1", ancestor.Number),
            SettlementJournal.Sql("UPDATE withdrawals SET spent_block = NULL WHERE spent_block > $1", ancestor.Number),
            SettlementJournal.Sql(
                """
                UPDATE reconciliation_coverage SET state = 'undone', error = 'A reorganisation undid these blocks.'
                WHERE state = 'covered' AND from_block > $1
                """,
                ancestor.Number
            ),
            SettlementJournal.Sql(
                """
                INSERT INTO chain_cursors (name, block_number, block_hash)
                SELECT $1, block_number, block_hash FROM chain_cursors WHERE name = $2
                ON CONFLICT (name) DO UPDATE SET block_number = greatest(chain_cursors.block_number, excluded.block_number)
                """,
                ChainCursors.Reobserve,
                ChainCursors.Follower
            ),
            SettlementJournal.Sql(
                "UPDATE chain_cursors SET block_number = $1, block_hash = $2, updated_at = now() WHERE block_number > $1 AND name <> $3",
                ancestor.Number,
                ancestor.Hash.ToBytes(),
                ChainCursors.Reobserve
            ),
            WaitingStore.Remove(ancestor.Number),
            LeavingStore.Remove(ancestor.Number),
            LeavingStore.Restore(ancestor.Number)
        );

    // Deletes as well, because a step whose blocks were replaced before it was complete has left the signs of those.
    private static Npgsql.NpgsqlBatchCommand Signs(long from, IReadOnlyList<SignOfLife> signs) =>
        SettlementJournal.Sql(
            """
            WITH gone AS (DELETE FROM signs_of_life WHERE block_number > $1 AND block_number <> ALL ($2))
            INSERT INTO signs_of_life (block_number, signed_at)
            SELECT block, max(at) FROM unnest($2::bigint[], $3::bigint[]) AS u (block, at) GROUP BY block
            ON CONFLICT (block_number) DO UPDATE SET signed_at = excluded.signed_at
            """,
            from,
            signs.Select(s => s.Block).ToArray(),
            signs.Select(s => s.Time).ToArray()
        );

    /// <summary>
    /// Call before the leader cancels these orders: a new command for one of them is then either looked up after this write, and refused,
    /// or sequenced before the cancel, and cancelled.
    /// </summary>
    public async Task NoteDeadAsync(Term term, Deployment deployment, BlockFacts facts, CancellationToken cancellationToken)
    {
        var (salts, fills) = (facts.SaltsCancelled, facts.DirectFills.ToList());
        if (salts.Count == 0 && fills.Count == 0)
            return;
        await journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                """
                INSERT INTO cancelled_salts (market_id, maker, salt, block_number)
                SELECT * FROM unnest($1::int[], $2::bytea[], $3::numeric[], $4::bigint[]) ON CONFLICT DO NOTHING
                """,
                salts.Select(s => deployment.Find(s.Position.Market)!.Id).ToArray(),
                salts.Select(s => s.Maker.ToBytes()).ToArray(),
                salts.Select(s => s.Salt).ToArray(),
                salts.Select(s => s.Position.BlockNumber).ToArray()
            ),
            SettlementJournal.Sql(
                """
                INSERT INTO direct_fills (order_hash, market_id, block_number)
                SELECT * FROM unnest($1::bytea[], $2::int[], $3::bigint[]) ON CONFLICT DO NOTHING
                """,
                fills.Select(f => f.OrderHash.ToBytes()).ToArray(),
                fills.Select(f => deployment.Find(f.Position.Market)!.Id).ToArray(),
                fills.Select(f => f.Position.BlockNumber).ToArray()
            ),
            SettlementJournal.Sql(
                """
                INSERT INTO direct_fill_transactions (tx_hash, order_hash, market_id, maker, block_number)
                SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[], $5::bigint[]) ON CONFLICT DO NOTHING
                """,
                fills.Select(f => f.Position.TransactionHash.ToBytes()).ToArray(),
                fills.Select(f => f.OrderHash.ToBytes()).ToArray(),
                fills.Select(f => deployment.Find(f.Position.Market)!.Id).ToArray(),
                fills.Select(f => f.Maker.ToBytes()).ToArray(),
                fills.Select(f => f.Position.BlockNumber).ToArray()
            )
        );
    }

    /// <summary>
    /// A marked holding is observed again once the block is confirmed, even if a reorganisation has undone the decrease and left no event
    /// behind.
    /// </summary>
    public Task MarkUnconfirmedAsync(Term term, IReadOnlyList<ChainHolding> reduced, long block, CancellationToken cancellationToken)
    {
        var assets = reduced.Select(ObservationRules.KeyOf).ToList();
        return journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                """
                INSERT INTO unconfirmed_decreases AS d (address, market_id, outcome, purse, seen_block)
                SELECT u.address, u.market_id, u.outcome, u.purse, $5
                FROM unnest($1::bytea[], $2::int[], $3::smallint[], $4::smallint[]) AS u (address, market_id, outcome, purse)
                ON CONFLICT (address, market_id, outcome, purse) DO UPDATE SET seen_block = greatest(d.seen_block, excluded.seen_block)
                """,
                assets.Select(a => a.Account.ToBytes()).ToArray(),
                assets.Select(a => a.Market).ToArray(),
                assets.Select(a => (short)a.Outcome).ToArray(),
                assets.Select(a => (short)a.Purse).ToArray(),
                block
            )
        );
    }

    /// <summary>Each trade counts once, because a step that failed is repeated.</summary>
    public Task AttributeAsync(Term term, IReadOnlyList<Attribution> attributions, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                """
                INSERT INTO strikes (trade_id, address, reason, points)
                SELECT u.trade_id, a.address, u.reason, u.points
                FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::text[], $5::int[])
                    AS u (trade_id, address, order_hash, reason, points)
                JOIN accounts a ON a.address =
                    coalesce(nullif(u.address, ''), (SELECT m.address FROM orders o JOIN accounts m USING (account_id)
                        WHERE o.order_hash = u.order_hash))
                ON CONFLICT (trade_id) DO NOTHING
                """,
                attributions.Select(a => a.TradeId).ToArray(),
                attributions.Select(a => a.Account?.ToBytes() ?? []).ToArray(),
                attributions.Select(a => a.Order?.ToBytes() ?? []).ToArray(),
                attributions.Select(a => a.Code).ToArray(),
                attributions.Select(a => a.Points).ToArray()
            )
        );

    /// <summary>The marks are of a chain that is gone; the first step on the new one observes everything anyway.</summary>
    public Task ForgetUnconfirmedAsync(Term term, CancellationToken cancellationToken) =>
        journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql("DELETE FROM unconfirmed_decreases"),
            SettlementJournal.Sql("DELETE FROM vault_waiting"),
            SettlementJournal.Sql("DELETE FROM vault_leaving")
        );

    /// <summary>Call when every shard has confirmed them.</summary>
    public Task NoteTermsAsync(
        Term term,
        FirmTermsOfShard terms,
        int shards,
        double tradesPerSecond,
        CancellationToken cancellationToken
    ) =>
        journal.ExecuteAsync(
            term,
            cancellationToken,
            SettlementJournal.Sql(
                """
                INSERT INTO firm_terms AS t (until_at, trades, shards, trades_per_second) VALUES (to_timestamp($1), $2, $3, $4)
                ON CONFLICT (only_row) DO UPDATE SET until_at = excluded.until_at, trades = excluded.trades, shards = excluded.shards,
                    trades_per_second = excluded.trades_per_second, sent_at = now(),
                    lowered_at = CASE WHEN excluded.trades < t.trades THEN now() ELSE t.lowered_at END
                """,
                terms.UntilSeconds,
                terms.Trades,
                (short)shards,
                tradesPerSecond
            )
        );
}
