using Foresight.Api.Operations.Firm;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class FirmEndpoints
{
    public static void MapFirmShares(this RouteGroupBuilder admin) =>
        admin
            .MapGet("/markets/{id:int}/firm", ShareAsync)
            .WithName("GetFirmShare")
            .WithSummary("What rests in a market's books, and how much of it is paid from the vault.")
            .RefusesWith(400, 401, 404, 429, 503);

    private static async Task<Results<Ok<FirmShareView>, ProblemResult>> ShareAsync(
        int id,
        ReadAfter after,
        FirmShareReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(id, after.Position, cancellationToken) is { } share
            ? TypedResults.Ok(share)
            : new ProblemResult(MarketEndpoints.Unknown(id));
}
