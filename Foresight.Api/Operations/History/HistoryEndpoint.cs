using Foresight.Api.Operations.History;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class HistoryEndpoint
{
    public static void MapHistory(this RouteGroupBuilder admin) =>
        admin
            .MapGet("/history", ReadAsync)
            .WithName("GetHistory")
            .WithSummary("Throughput, latency, lag, unsettled trades, connections and health over the last 1, 6 or 24 hours.")
            .RefusesWith(400, 401, 429, 503);

    private static async Task<Ok<HistoryView>> ReadAsync(
        [AsParameters] HistoryParameters wanted,
        HistoryReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.ReadAsync(wanted.Range, cancellationToken));
}
