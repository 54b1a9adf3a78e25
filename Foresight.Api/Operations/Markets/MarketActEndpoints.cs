using Foresight.Api.Operations;
using Foresight.Api.Operations.Markets;
using Foresight.Api.Problems;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class MarketActEndpoints
{
    public static void MapMarketActs(this RouteGroupBuilder admin)
    {
        admin
            .MapGet("/markets/{id:int}", ControlAsync)
            .WithName("GetMarketControl")
            .WithSummary("What operators want of a market, what waits for a second key, and who decided what.")
            .RefusesWith(400, 401, 404, 429, 503);
        admin
            .MapPost("/markets/{id:int}/acts", ActAsync)
            .WithName("ActOnMarket")
            .WithSummary("Pauses a market at once; resumes or closes it, which takes two keys; or withdraws a decision that waits.")
            .RefusesWith(400, 401, 404, 409, 429, 503);
    }

    private static async Task<Results<Ok<MarketControl>, ProblemResult>> ControlAsync(
        int id,
        MarketActs acts,
        CancellationToken cancellationToken
    ) =>
        await acts.FindAsync(id, cancellationToken) is { } control
            ? TypedResults.Ok(control)
            : new ProblemResult(Problem.NotFound($"No market has the id {id}."));

    private static async Task<Results<Ok<MarketControl>, ProblemResult>> ActAsync(
        int id,
        MarketActRequest request,
        Operator by,
        MarketActs acts,
        CancellationToken cancellationToken
    ) => (await acts.ActAsync(id, request, by, cancellationToken)).ToHttp();
}
