namespace Foresight.Bench.Reconcile;

/// <summary>At positions that derive from the seed, so that a run can be repeated.</summary>
internal static class Injection
{
    private static readonly (string Kind, string Severity, string Key, string Sql)[] Kinds =
    [
        (
            "missing_onchain",
            "critical",
            "missing_onchain:{0}",
            """
            WITH t AS (INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks,
                shard, sequence, epoch, executed_at,
                settlement, tx_hash, block_number, settled_at, closed)
            SELECT trade_id + 100000000, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard,
                sequence, epoch, executed_at,
                settlement, tx_hash, block_number, settled_at, closed FROM trades WHERE trade_id = ANY ($1) RETURNING trade_id)
            INSERT INTO fills
            SELECT f.trade_id + 100000000, leg, order_id, account_id, outcome, is_buy, price_ticks, quantity_lots, is_taker
            FROM fills f JOIN t ON t.trade_id = f.trade_id + 100000000
            """
        ),
        (
            "missing_offchain",
            "critical",
            "missing_offchain:trade:{0}",
            "WITH f AS (DELETE FROM fills WHERE trade_id = ANY ($1) RETURNING trade_id) DELETE FROM trades WHERE trade_id = ANY ($1)"
        ),
        (
            "amount_mismatch",
            "high",
            "amount_mismatch:{0}",
            "UPDATE fills SET quantity_lots = quantity_lots + 1 WHERE trade_id = ANY ($1) AND leg = 0"
        ),
        (
            "status_mismatch",
            "high",
            "status_mismatch:{0}",
            "UPDATE trades SET settlement = 'failed', settlement_reason = 'injected' WHERE trade_id = ANY ($1)"
        ),
    ];

    public static async Task<HashSet<string>> InjectAsync(ReconcileStack stack, int trades, int count, Random random)
    {
        var chosen = Enumerable.Range(1, trades).Select(i => (long)i).ToArray();
        random.Shuffle(chosen);
        var expected = new HashSet<string>();
        for (var i = 0; i < Kinds.Length; i++)
        {
            var ids = chosen.Where((_, n) => n < count && n % Kinds.Length == i).ToArray();
            // Some damage violates constraints of the schema; a defect that corrupts storage would bypass them too.
            await stack.ExecuteAsync("ALTER TABLE fills DROP CONSTRAINT IF EXISTS fills_trade_id_fkey");
            await stack.ExecuteAsync(Kinds[i].Sql, ids);
            foreach (var id in ids)
                expected.Add(
                    $"{string.Format(Kinds[i].Key, Kinds[i].Kind == "missing_onchain" ? id + 100_000_000 : id)} {Kinds[i].Severity}"
                );
        }

        return expected;
    }
}
