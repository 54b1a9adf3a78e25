using Dapper;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Api.Accounts;

public sealed class AccountReader(Database database)
{
    /// <returns>Null if the exchange has not seen the account.</returns>
    public Task<AccountView?> FindAsync(
        Address account,
        int maxBalances,
        NpgsqlLogSequenceNumber? after,
        CancellationToken cancellationToken
    ) =>
        database.ReadAsync(
            "account",
            after,
            (connection, cancellationToken) => ReadAsync(connection, account, maxBalances, cancellationToken),
            cancellationToken
        );

    internal static async Task<AccountView?> ReadAsync(
        NpgsqlConnection connection,
        Address account,
        int maxBalances,
        CancellationToken cancellationToken
    )
    {
        var rows = (
            await connection.QueryAsync<BalanceRow>(
                new CommandDefinition(
                    """
                    SELECT b.market_id, b.outcome, b.purse, sum(b.owned)::bigint AS owned, sum(b.order_hold)::bigint AS order_hold,
                        sum(b.trade_hold)::bigint AS trade_hold,
                           max(b.observed_block) AS observed_block
                    FROM accounts a LEFT JOIN balances b USING (account_id) WHERE a.address = @address
                    GROUP BY b.market_id, b.outcome, b.purse
                    ORDER BY (b.outcome = 255) DESC, max(b.updated_sequence) DESC, b.purse LIMIT @maxBalances
                    """,
                    new { address = account.ToBytes(), maxBalances },
                    cancellationToken: cancellationToken
                )
            )
        ).AsList();
        if (rows.Count == 0)
            return null;
        var held = rows.Where(row => row.MarketId is not null).ToList();
        return new AccountView(
            account.ToString(),
            held.Count == 0 ? 0 : held.Max(row => row.ObservedBlock!.Value),
            [.. held.Where(row => !row.IsOfVault).Select(row => row.View())],
            [.. held.Where(row => row.IsOfVault).Select(row => row.View())]
        );
    }

    private sealed class BalanceRow
    {
        public int? MarketId { get; init; }
        public short? Outcome { get; init; }
        public long? Owned { get; init; }
        public long? OrderHold { get; init; }
        public long? TradeHold { get; init; }
        public long? ObservedBlock { get; init; }
        public short? Purse { get; init; }

        public bool IsOfVault => Purse == (short)Matching.Engine.Purse.Vault;

        public BalanceView View()
        {
            var isCollateral = Outcome == Command.CollateralOutcome;
            string Text(long units) => isCollateral ? Decimals.Usdc(units) : Decimals.Shares(units);
            return new BalanceView(
                isCollateral ? "USDC" : $"{MarketId}:{Outcome}",
                Text(Owned!.Value),
                Text(OrderHold!.Value),
                Text(TradeHold!.Value),
                Text(Owned.Value - OrderHold.Value - TradeHold.Value)
            );
        }
    }
}
