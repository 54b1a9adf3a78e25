using Dapper;
using Foresight.Api.Operations.Firm;
using Foresight.Api.Withdrawals;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Accounts;

/// <summary>An account's purses in the vault: free, leaving and co-signed, beside its wallet.</summary>
internal static class PurseReader
{
    /// <summary>USDC is listed always, so that an account without a purse is seen to have none.</summary>
    internal const string Query = """
        WITH held AS (
            SELECT market_id, outcome, coalesce(sum(owned) FILTER (WHERE purse = 0), 0)::bigint AS wallet,
                coalesce(sum(owned) FILTER (WHERE purse = 1), 0)::bigint AS owned,
                coalesce(sum(order_hold) FILTER (WHERE purse = 1), 0)::bigint AS order_hold,
                coalesce(sum(trade_hold) FILTER (WHERE purse = 1), 0)::bigint AS trade_hold
            FROM balances WHERE account_id = @account GROUP BY market_id, outcome),
        co_signed AS (
            SELECT market_id, outcome, sum(units)::bigint AS units FROM withdrawals WHERE account_id = @account AND state = 0
            GROUP BY market_id, outcome),
        leaving AS (
            SELECT v.market_id, v.outcome, v.units, v.ready_block, v.ready_at FROM vault_leaving v JOIN accounts a USING (address)
            WHERE a.account_id = @account AND v.next_block IS NULL AND v.state = 0)
        SELECT market_id, outcome, coalesce(h.wallet, 0) AS wallet, coalesce(h.owned, 0) AS owned, coalesce(h.order_hold, 0) AS order_hold,
            coalesce(h.trade_hold, 0) AS trade_hold, coalesce(c.units, 0) AS co_signed, coalesce(l.units, 0) AS leaving, l.ready_block,
            l.ready_at
        FROM (SELECT 0 AS market_id, 255::smallint AS outcome UNION SELECT market_id, outcome FROM held WHERE owned <> 0
            UNION SELECT market_id, outcome FROM co_signed UNION SELECT market_id, outcome FROM leaving) AS assets
        LEFT JOIN held h USING (market_id, outcome) LEFT JOIN co_signed c USING (market_id, outcome)
        LEFT JOIN leaving l USING (market_id, outcome)
        ORDER BY (outcome = 255) DESC, market_id, outcome LIMIT @rows
        """;

    /// <returns>Null where there is no vault.</returns>
    public static async Task<IReadOnlyList<PurseView>?> ReadAsync(
        NpgsqlConnection connection,
        int account,
        int rows,
        CancellationToken cancellationToken
    )
    {
        var hasVault = await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition($"SELECT {FirmReader.HasVault}", cancellationToken: cancellationToken)
        );
        if (!hasVault)
            return null;
        var read = await connection.QueryAsync<Row>(
            new CommandDefinition(Query, new { account, rows }, cancellationToken: cancellationToken)
        );
        return [.. read.Select(row => row.View())];
    }

    private sealed class Row
    {
        public int MarketId { get; init; }
        public short Outcome { get; init; }
        public long Wallet { get; init; }
        public long Owned { get; init; }
        public long OrderHold { get; init; }
        public long TradeHold { get; init; }
        public long CoSigned { get; init; }
        public long Leaving { get; init; }
        public long? ReadyBlock { get; init; }
        public DateTime? ReadyAt { get; init; }

        /// <summary>The engine holds what is co-signed as it holds what trades need.</summary>
        public PurseView View()
        {
            string Text(long units) => WithdrawalRules.AmountOf(Outcome, units);
            return new PurseView(
                WithdrawalRules.NameOf(MarketId, Outcome),
                Text(Wallet),
                Text(Owned - CoSigned),
                Text(OrderHold),
                Text(TradeHold - CoSigned),
                Text(Owned - OrderHold - TradeHold),
                Text(Leaving),
                ReadyBlock,
                ReadyAt,
                Text(CoSigned)
            );
        }
    }
}
