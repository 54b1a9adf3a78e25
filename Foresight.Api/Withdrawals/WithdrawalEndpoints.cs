using Foresight.Api.Access;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Api.Withdrawals;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class WithdrawalEndpoints
{
    public static WebApplicationBuilder AddWithdrawals(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<WithdrawalReader>();
        builder.Services.AddSingleton<WithdrawalLists>();
        builder.Services.AddSingleton<WithdrawalService>();
        return builder;
    }

    public static WebApplication MapWithdrawals(this WebApplication app)
    {
        var routes = app.MapGroup("/withdrawals").WithTags("Withdrawals").ChecksParameters().RefusesUnknownQueries();
        routes
            .MapPost("", GrantAsync)
            .WithName("RequestWithdrawal")
            .WithSummary("Asks for a co-signature, with which the vault pays at once. Answered after it is durable.")
            .RefusesWith(202, 400, 409, 413, 415, 422, 429, 503);
        routes
            .MapGet("/{address}", OpenAsync)
            .WithName("ListOpenWithdrawals")
            .WithSummary("What leaves the vault for an account: requested on chain or co-signed, the next deadline first.")
            .RefusesWith(400, 503);
        routes
            .MapGet("/{address}/{nonce}", FindAsync)
            .WithName("GetWithdrawal")
            .WithSummary("A withdrawal's state, and its co-signature once it is given.")
            .RefusesWith(400, 404, 503);
        return app;
    }

    internal static void MapWithdrawalLists(this RouteGroupBuilder admin) =>
        admin
            .MapGet("/withdrawals", ListAsync)
            .WithName("ListWithdrawals")
            .WithSummary("Withdrawals from the vault of all accounts: open ones, the next deadline first, or as filtered and sorted.")
            .RefusesWith(400, 401, 429, 503);

    private static async Task<Ok<CountedPage<VaultWithdrawalView>>> ListAsync(
        [AsParameters] WithdrawalParameters wanted,
        WithdrawalLists lists,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await lists.ListAsync(wanted.Filter, wanted.Page, cancellationToken));

    private static async Task<Ok<Page<VaultWithdrawalView>>> OpenAsync(
        [AsParameters] AccountRoute route,
        [AsParameters] OpenWithdrawalParameters page,
        ReadAfter after,
        WithdrawalLists lists,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await lists.OpenOfAsync(route.Account, page.Page, after.Position, cancellationToken));

    private static async Task<Results<Created<WithdrawalView>, ProblemResult>> GrantAsync(
        WithdrawalRequest request,
        HttpContext http,
        WithdrawalService service,
        RequestDeadline deadline,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var (granted, problem, lsn) = await service.GrantAsync(request, deadline.At(clock), CallerAddress.Of(http), cancellationToken);
        if (problem is not null)
            return new ProblemResult(problem);
        if (lsn is not null)
            http.Response.Headers[ApiHeaders.Lsn] = lsn;
        return TypedResults.Created($"/withdrawals/{granted!.Account}/{granted.Nonce}", granted);
    }

    private static async Task<Results<Ok<WithdrawalView>, ProblemResult>> FindAsync(
        [AsParameters] WithdrawalRoute route,
        WithdrawalReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(route.Account, route.Number, cancellationToken) is { } withdrawal
            ? TypedResults.Ok(withdrawal)
            : new ProblemResult(Problem.NotFound($"{route.Account} has asked for no withdrawal {route.Number}."));
}
