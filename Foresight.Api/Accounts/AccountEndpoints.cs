using Foresight.Api.Accounts;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class AccountEndpoints
{
    /// <summary>
    /// An account can hold shares of any number of markets, so the answer is bounded: the most recently changed assets are returned.
    /// </summary>
    private const int MaxBalances = 1_000;

    public static WebApplicationBuilder AddAccounts(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AccountReader>();
        return builder;
    }

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
        AccountReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(route.Account, MaxBalances, after.Position, cancellationToken) is { } account
            ? TypedResults.Ok(account)
            : new ProblemResult(Unknown(route.Account));

    internal static Problem Unknown(Foresight.Chain.Address account) =>
        Problem.NotFound($"The exchange has not seen the account {account}.");
}
