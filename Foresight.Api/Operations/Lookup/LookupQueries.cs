namespace Foresight.Api.Operations.Lookup;

/// <summary>
/// One statement for each kind in the journal. Each reads at most <c>@limit</c> rows of each index that it uses, however large its table
/// is; a test holds their plans against that. A parameter that does not apply is null and matches nothing.
/// </summary>
internal static class LookupQueries
{
    /// <summary>The names that callers chose are not unique among accounts: the newest orders come first.</summary>
    public const string Orders = """
        SELECT o.order_hash, o.market_id, o.outcome, o.is_buy, o.price_ticks, o.quantity_lots, o.status, o.accepted_at, a.address AS maker,
            found.is_exact
        FROM (
            (SELECT order_hash, @isWholeHash AS is_exact FROM orders
                WHERE order_hash BETWEEN @firstHash AND @lastHash ORDER BY order_hash LIMIT @limit)
            UNION ALL (SELECT order_hash, true FROM orders WHERE client_order_id = @text ORDER BY order_id DESC LIMIT @limit)
            UNION ALL (SELECT order_hash, true FROM orders WHERE idempotency_key = @text ORDER BY order_id DESC LIMIT @limit)
        ) AS found JOIN orders o USING (order_hash) JOIN accounts a USING (account_id)
        """;

    public const string Trades = """
        SELECT trade_id, market_id, kind, quantity_lots, taker_price_ticks, settlement, executed_at FROM trades WHERE trade_id = @number
        """;

    public const string Accounts = """
        SELECT account_id, address, @isWholeAddress AS is_exact FROM accounts
        WHERE address BETWEEN @firstAddress AND @lastAddress ORDER BY address LIMIT @limit
        """;

    public const string Transactions = """
        SELECT tx_hash, nonce, state, trades, market_id, @isWholeHash AS is_exact FROM settlement_batches
        WHERE tx_hash BETWEEN @firstHash AND @lastHash ORDER BY tx_hash LIMIT @limit
        """;

    /// <summary>Transactions by which orders were filled past the relayer, with whichever of order and account the journal knows.</summary>
    public const string DirectFills = """
        SELECT f.tx_hash, f.order_hash, f.market_id, f.maker, f.block_number, o.order_id IS NOT NULL AS is_known_order,
            a.account_id IS NOT NULL AS is_known_maker, @isWholeHash AS is_exact
        FROM (SELECT * FROM direct_fill_transactions
            WHERE tx_hash BETWEEN @firstHash AND @lastHash ORDER BY tx_hash LIMIT @limit) AS f
        LEFT JOIN orders o USING (order_hash) LEFT JOIN accounts a ON a.address = f.maker
        """;

    public static readonly IReadOnlyList<string> All = [Orders, Trades, Accounts, Transactions, DirectFills];
}
