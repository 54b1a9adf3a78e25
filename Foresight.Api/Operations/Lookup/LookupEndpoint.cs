using Foresight.Api.Operations.Lookup;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class LookupEndpoint
{
    public static void MapLookup(this RouteGroupBuilder admin) =>
        admin
            .MapGet("/lookup", FindAsync)
            .WithName("LookUp")
            .WithSummary("What a hash, id, address or name stands for: orders, trades, accounts, transactions, markets, nodes.")
            .RefusesWith(400, 401, 429, 503);

    private static async Task<Ok<LookupView>> FindAsync(
        [AsParameters] LookupParameters wanted,
        ReadAfter after,
        LookupReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.FindAsync(wanted.Text, after.Position, cancellationToken));
}
