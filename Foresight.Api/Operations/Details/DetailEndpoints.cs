using Foresight.Api.Operations.Details;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class DetailEndpoints
{
    public static IServiceCollection AddDetails(this IServiceCollection services) =>
        services
            .AddSingleton<OrderDetailReader>()
            .AddSingleton<AccountDetailReader>()
            .AddSingleton<TradeDetailReader>()
            .AddSingleton<TransactionDetailReader>()
            .AddSingleton<SettlementDetailReader>()
            .AddSingleton<FailedCommandReader>()
            .AddSingleton<DatabaseDetailReader>();

    public static void MapDetails(this RouteGroupBuilder admin)
    {
        admin
            .MapGet("/orders/{hash}", OrderAsync)
            .WithName("GetOrderDetail")
            .WithSummary("One order and its life: every stage that it and its trades have reached, with its time.")
            .RefusesWith(400, 401, 404, 429, 503);
        admin
            .MapGet("/accounts/{address}", AccountAsync)
            .WithName("GetAccountDetail")
            .WithSummary("One account: balances here and on chain, open orders, trades, standing.")
            .RefusesWith(400, 401, 404, 429, 503);
        admin
            .MapGet("/trades/{id:long}", TradeAsync)
            .WithName("GetTradeDetail")
            .WithSummary("One trade: its sides, its settlement and what is wrong about it.")
            .RefusesWith(400, 401, 404, 429, 503);
        admin
            .MapGet("/transactions/{hash}", TransactionAsync)
            .WithName("GetTransactionDetail")
            .WithSummary("One transaction of settlement, with its trades and those signed for the same nonce.")
            .RefusesWith(400, 401, 404, 429, 503);
        admin
            .MapGet(
                "/settlement",
                async (SettlementDetailReader reader, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await reader.ReadAsync(cancellationToken))
            )
            .WithName("GetSettlementDetail")
            .WithSummary("Settlement: its status, what waits and since when, the last transactions, failures of a day.")
            .RefusesWith(400, 401, 429, 503);
        admin
            .MapGet("/settlement/batches", BatchesAsync)
            .WithName("ListBatches")
            .WithSummary("Settlement's transactions, newest first or as sorted, by state.")
            .RefusesWith(400, 401, 429, 503);
        admin
            .MapGet(
                "/database",
                async (DatabaseDetailReader reader, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await reader.ReadAsync(cancellationToken))
            )
            .WithName("GetDatabaseDetail")
            .WithSummary("The primary's replication slots, connections and slow queries.")
            .RefusesWith(400, 401, 429, 503);
        admin
            .MapGet("/failed-commands", FailedCommandsAsync)
            .WithName("ListFailedCommands")
            .WithSummary("Commands that made the engine throw, newest first or as sorted, by kind, shard and text.")
            .RefusesWith(400, 401, 429, 503);
    }

    private static async Task<Results<Ok<OrderDetail>, ProblemResult>> OrderAsync(
        [AsParameters] OrderRoute route,
        ReadAfter after,
        OrderDetailReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(route.Id, after.Position, cancellationToken) is { } order
            ? TypedResults.Ok(order)
            : new ProblemResult(Problem.NotFound($"No order has the id {route.Id}."));

    private static async Task<Results<Ok<AccountDetail>, ProblemResult>> AccountAsync(
        [AsParameters] AccountRoute route,
        ReadAfter after,
        AccountDetailReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(route.Account, after.Position, cancellationToken) is { } account
            ? TypedResults.Ok(account)
            : new ProblemResult(AccountEndpoints.Unknown(route.Account));

    private static async Task<Results<Ok<TradeDetail>, ProblemResult>> TradeAsync(
        long id,
        ReadAfter after,
        TradeDetailReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(id, after.Position, cancellationToken) is { } trade
            ? TypedResults.Ok(trade)
            : new ProblemResult(Problem.NotFound($"No trade has the id {id}."));

    private static async Task<Results<Ok<TransactionDetail>, ProblemResult>> TransactionAsync(
        [AsParameters] TransactionRoute route,
        ReadAfter after,
        TransactionDetailReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(route.Id, after.Position, cancellationToken) is { } transaction
            ? TypedResults.Ok(transaction)
            : new ProblemResult(Problem.NotFound($"Settlement has signed no transaction {route.Id}."));

    private static async Task<Ok<CountedPage<BatchView>>> BatchesAsync(
        [AsParameters] BatchParameters batches,
        [AsParameters] BatchPageParameters page,
        SettlementDetailReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.BatchesAsync(batches.State, page.Page, cancellationToken));

    private static async Task<Ok<CountedPage<FailedCommandView>>> FailedCommandsAsync(
        [AsParameters] FailedCommandParameters wanted,
        [AsParameters] FailedCommandPageParameters page,
        FailedCommandReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.ListAsync(wanted.Filter, page.Page, cancellationToken));
}
