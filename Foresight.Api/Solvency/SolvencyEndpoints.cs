using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Api.Solvency;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class SolvencyEndpoints
{
    /// <summary>A run of reconciliation writes new totals every few minutes, so a minute makes no answer old.</summary>
    private const string CachedFor = "public, max-age=60";

    public static WebApplicationBuilder AddSolvency(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SolvencyReader>();
        return builder;
    }

    public static WebApplication MapSolvency(this WebApplication app)
    {
        app.MapGet("/chain/solvency", FindAsync)
            .WithTags("Markets")
            .WithName("GetSolvency")
            .WithSummary("What the vault holds and owes at one block, which anybody can read there again.")
            .RefusesUnknownQueries()
            .RefusesWith(400, 404, 503);
        return app;
    }

    private static async Task<Results<Ok<VaultTotalsView>, ProblemResult>> FindAsync(
        HttpContext http,
        ChainContracts contracts,
        SolvencyReader reader,
        CancellationToken cancellationToken
    )
    {
        if (await contracts.FindAsync(cancellationToken) is not { } at)
            return new ProblemResult(Problem.Unavailable($"The contracts are not deployed on chain {contracts.ChainId} yet."));
        if (at.Vault is null)
            return new ProblemResult(Problem.NotFound("This exchange has no vault."));
        if (await reader.FindAsync(cancellationToken) is not { } totals)
            return new ProblemResult(Problem.Unavailable("No run of reconciliation has read the vault yet."));
        http.Response.Headers.CacheControl = CachedFor;
        return TypedResults.Ok(totals);
    }
}
