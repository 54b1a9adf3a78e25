namespace Foresight.Matching.Invariants;

/// <summary>
/// Uses SQL and not the engine: an oracle that shares no code with what it checks, and that sees rows which no command touches any more.
/// </summary>
internal static class TableSweep
{
    private const int Limit = 10;

    public static IEnumerable<string> Statements => Checks.Select(check => $"{check} LIMIT {Limit}");

    private static readonly string[] Checks =
    [
        // A gap in the sequences of a shard means lost commands, and no replay could go past it.
        """
            SELECT format('The journal of shard %s has %s commands from %s to %s: some are missing.', shard, count(*), min(sequence),
                max(sequence))
            FROM commands GROUP BY shard HAVING min(sequence) <> 1 OR count(*) <> max(sequence)
            """,
        // A lower epoch after a higher one is a write by a term that had ended; a replay requires ascending time stamps.
        """
            SELECT format('Command %s of shard %s is of epoch %s, and an earlier one of epoch %s.', sequence, shard, epoch, before)
            FROM (SELECT shard, sequence, epoch, lag(epoch) OVER (PARTITION BY shard ORDER BY sequence) AS before FROM commands) c
            WHERE epoch < before
            """,
        """
            SELECT format('Command %s of shard %s was accepted before the one before it.', sequence, shard)
            FROM (SELECT shard, sequence, accepted_at, lag(accepted_at) OVER (PARTITION BY shard ORDER BY sequence) AS before
                FROM commands) c
            WHERE accepted_at < before
            """,
        // Every row of an epoch belongs to a command of that epoch: a write by a former leader outside the journal would show here.
        """
            SELECT format('Order %s is of (%s, %s), and the journal of shard %s has no such command.', o.order_id, o.epoch, o.sequence,
                o.shard)
            FROM orders o LEFT JOIN commands c ON c.shard = o.shard AND c.sequence = o.sequence AND c.epoch = o.epoch
            WHERE c.sequence IS NULL
            """,
        """
            SELECT format('Trade %s is of (%s, %s), and the journal of shard %s has no such command.', t.trade_id, t.epoch, t.sequence,
                t.shard)
            FROM trades t LEFT JOIN commands c ON c.shard = t.shard AND c.sequence = t.sequence AND c.epoch = t.epoch
            WHERE c.sequence IS NULL
            """,
        // An epoch that was never taken must not write, and terms are taken one after the other.
        """
            SELECT format('The journal of shard %s has commands of epoch %s, which is not in leadership_history.', shard, epoch)
            FROM (SELECT DISTINCT shard, epoch FROM commands) c
            WHERE NOT EXISTS (SELECT 1 FROM leadership_history h
                WHERE h.epoch = c.epoch AND h.resource = 'matching-engine' || CASE shard WHEN 0 THEN '' ELSE '-' || shard END)
            """,
        """
            SELECT format('Epoch %s of %s follows epoch %s.', epoch, resource, before)
            FROM (SELECT resource, epoch, lag(epoch, 1, 0::bigint) OVER (PARTITION BY resource ORDER BY epoch) AS before
                FROM leadership_history) h
            WHERE epoch <> before + 1
            """,
        """
            SELECT format('%s is at epoch %s, and the last one in its history is %s.', l.resource, l.epoch, h.epoch)
            FROM leadership l JOIN (SELECT resource, max(epoch) AS epoch FROM leadership_history GROUP BY resource) h USING (resource)
            WHERE l.epoch <> h.epoch
            """,
        // A fill that was stored twice or not at all shows as a difference from the order's own count.
        """
            SELECT format('Order %s says that %s of its %s lots are filled, and its fills add up to %s.', o.order_id, o.filled_lots,
                o.quantity_lots, coalesce(f.lots, 0))
            FROM orders o LEFT JOIN (SELECT order_id, sum(quantity_lots)::bigint AS lots FROM fills GROUP BY order_id) f USING (order_id)
            WHERE o.filled_lots <> coalesce(f.lots, 0) OR coalesce(f.lots, 0) > o.quantity_lots
                OR CASE WHEN o.status = 2 THEN o.filled_lots + o.reduced_lots <> o.quantity_lots
                    WHEN o.status < 2 THEN o.filled_lots + o.reduced_lots >= o.quantity_lots END
            """,
        // An order that was cancelled or expired has no reservation any more, so a later fill would be unpaid.
        """
            SELECT format('Trade %s fills order %s, which was %s before, by command %s.', t.trade_id, o.order_id,
                          CASE o.status WHEN 3 THEN 'cancelled' ELSE 'expired' END, o.updated_sequence)
            FROM orders o JOIN fills f USING (order_id) JOIN trades t USING (trade_id)
            WHERE o.status IN (3, 4) AND t.sequence > o.updated_sequence
            """,
        // A cancel holds for ever, also for an order with the same salt that comes later. In earlier versions it ended after a day.
        """
            SELECT format('Order %s was sequenced by command %s, and command %s had cancelled its salt.',
                o.order_id, o.sequence, t.sequence)
            FROM salt_tombstones t JOIN accounts a ON a.address = t.maker
            JOIN orders o ON o.account_id = a.account_id AND o.market_id = t.market_id AND o.salt_tag = t.salt_tag
            WHERE o.shard = t.shard AND o.sequence > t.sequence
                AND (o.accepted_at < t.until OR t.until > (SELECT applied_at FROM schema_versions WHERE version = 22))
            """,
        // A trade moves shares and money but creates none: see TradeRules.
        """
            SELECT format('Trade %s does not conserve money and shares: %s legs of %s lots, prices that add up to %s.',
                t.trade_id, count(f.leg), t.quantity_lots, coalesce(sum(f.price_ticks), 0))
            FROM trades t JOIN markets m USING (market_id) LEFT JOIN fills f USING (trade_id) GROUP BY t.trade_id, m.market_id
            HAVING count(f.leg) <> CASE t.kind WHEN 0 THEN 2 ELSE cardinality(m.outcomes) END OR bool_or(f.quantity_lots <> t.quantity_lots)
                OR CASE t.kind
                    WHEN 0 THEN count(*) FILTER (WHERE f.is_buy) <> 1 OR min(f.price_ticks) <> max(f.price_ticks)
                        OR min(f.outcome) <> max(f.outcome)
                    ELSE bool_or(f.is_buy <> (t.kind = 1)) OR sum(f.price_ticks) <> 10000 OR count(DISTINCT f.outcome) <> count(*) END
            """,
        // A hold that is too high locks money for ever, and one that is too low lets it be spent twice.
        """
            SELECT format('Account %s, asset %s:%s, shard %s, purse %s: the balance holds %s for orders and %s for trades, '
                    'but open orders reserve %s and unsettled trades %s.',
                account_id, market_id, outcome, shard, purse, coalesce(b.order_hold, 0), coalesce(b.trade_hold, 0),
                coalesce(h.by_orders, 0), coalesce(h.by_trades, 0))
            FROM (SELECT account_id, market_id, outcome, shard, purse, sum(by_orders)::bigint AS by_orders,
                    sum(by_trades)::bigint AS by_trades
                  FROM (
                    SELECT account_id, 0 AS market_id, 255::smallint AS outcome, shard, purse,
                        price_ticks * (quantity_lots - filled_lots - reduced_lots) AS by_orders, 0 AS by_trades
                    FROM orders WHERE status IN (0, 1) AND is_buy
                    UNION ALL SELECT account_id, market_id, outcome, shard, purse, quantity_lots - filled_lots - reduced_lots, 0
                    FROM orders WHERE status IN (0, 1) AND NOT is_buy
                    UNION ALL SELECT f.account_id, 0, 255::smallint, t.shard, f.purse, 0, f.price_ticks * f.quantity_lots
                    FROM trades t JOIN fills f USING (trade_id) WHERE NOT t.closed AND f.is_buy
                    UNION ALL SELECT f.account_id, t.market_id, f.outcome, t.shard, f.purse, 0, f.quantity_lots
                    FROM trades t JOIN fills f USING (trade_id) WHERE NOT t.closed AND NOT f.is_buy
                    -- What was co-signed is held like a trade until the chain has paid it, or can no longer.
                    UNION ALL SELECT account_id, market_id, outcome, shard, 1::smallint, 0, units FROM withdrawals WHERE state = 0) held
                  GROUP BY account_id, market_id, outcome, shard, purse) h
            FULL JOIN balances b USING (account_id, market_id, outcome, shard, purse)
            WHERE (coalesce(b.order_hold, 0), coalesce(b.trade_hold, 0)) <> (coalesce(h.by_orders, 0), coalesce(h.by_trades, 0))
            """,
    ];
}
