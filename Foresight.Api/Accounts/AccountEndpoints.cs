using Dapper;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class AccountEndpoints
{
    /// <summary>Bound on assets in one answer. For an account with more, the most recently changed ones are returned.</summary>
    private const int MaxBalances = 1_000;

    public static WebApplication MapAccounts(this WebApplication app)
    {
        app.MapGet("/accounts/{address}", FindAsync)
            .WithTags("Accounts")
            .WithName("GetAccount")
            .WithSummary("What an account owns, holds and may spend, as the exchange knows it.")
            .RefusesWith(400, 404, 503)
            .ChecksParameters();
        return app;
    }

    private static async Task<Results<Ok<AccountView>, ProblemResult>> FindAsync(
        [AsParameters] AccountRoute route,
        ReadAfter after,
        Database database,
        CancellationToken cancellationToken
    )
    {
        var account = route.Account;
        var rows = await database.ReadAsync(
            "account",
            after.Position,
            async (connection, cancellationToken) =>
                (
                    await connection.QueryAsync<BalanceRow>(
                        new CommandDefinition(
                            """
                            SELECT b.market_id, b.outcome, sum(b.owned)::bigint AS owned, sum(b.order_hold)::bigint AS order_hold,
                                sum(b.trade_hold)::bigint AS trade_hold,
                                   max(b.observed_block) AS observed_block
                            FROM accounts a LEFT JOIN balances b USING (account_id) WHERE a.address = @address
                            GROUP BY b.market_id, b.outcome ORDER BY (b.outcome = 255) DESC, max(b.updated_sequence) DESC LIMIT @MaxBalances
                            """,
                            new { address = account.ToBytes(), MaxBalances },
                            cancellationToken: cancellationToken
                        )
                    )
                ).AsList(),
            cancellationToken
        );
        if (rows.Count == 0)
            return new ProblemResult(Problem.NotFound($"The exchange has not seen the account {account}."));
        var held = rows.Where(row => row.MarketId is not null).ToList();
        return TypedResults.Ok(
            new AccountView(
                account.ToString(),
                held.Count == 0 ? 0 : held.Max(row => row.ObservedBlock!.Value),
                [.. held.Select(row => row.View())]
            )
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
