using Foresight.Api.Operations;
using Foresight.Api.Operations.Acts;
using Foresight.Api.Problems;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class OperatorActEndpoints
{
    public static IServiceCollection AddOperatorActs(this IServiceCollection services) =>
        services
            .AddSingleton<MatchingNodes>()
            .AddSingleton<OperatorControlReader>()
            .AddSingleton<OperatorActs>()
            .AddHostedService<ReplicaHolds>();

    public static void MapOperatorActs(this RouteGroupBuilder admin)
    {
        admin
            .MapGet(
                "/controls",
                async (OperatorControlReader reader, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await reader.ReadAsync(cancellationToken))
            )
            .WithName("GetControls")
            .WithSummary("What operators hold (settlement, nodes, replicas), since when and why, and what waits for a second key.")
            .RefusesWith(400, 401, 429, 503);
        admin
            .MapPost(
                "/settlement/acts",
                (OperatorActRequest request, Operator by, [AsParameters] Parts parts) =>
                    ActAsync(OperatorSubjects.Settlement, OperatorSubjects.OnlyOne, request, by, parts)
            )
            .WithName("ActOnSettlement")
            .WithSummary(
                "Halts settlement; resumes it, which takes two keys, also after a deep reorganisation; or replaces a stuck transaction."
            )
            .RefusesWith(400, 401, 409, 429, 503);
        MapActs(OperatorSubjects.Leader, "leaders", "ActOnLeader")
            .WithSummary("Asks the leader of a resource to step down, if another node is there to take over.");
        MapActs(OperatorSubjects.Node, "nodes", "ActOnNode").WithSummary("Drains a matching node, which then leads nothing; or ends that.");
        MapActs(OperatorSubjects.Replica, "replicas", "ActOnReplica")
            .WithSummary("Takes a replica out of rotation on every Api node, or puts it in again.");

        RouteHandlerBuilder MapActs(string subject, string route, string name) =>
            admin
                .MapPost(
                    $"/{route}/{{id}}/acts",
                    (string id, OperatorActRequest request, Operator by, [AsParameters] Parts parts) =>
                        ActAsync(subject, id, request, by, parts)
                )
                .WithName(name)
                .RefusesWith(400, 401, 404, 409, 429, 503);
    }

    private static async Task<Results<Ok<OperatorControls>, ProblemResult>> ActAsync(
        string subject,
        string id,
        OperatorActRequest request,
        Operator by,
        Parts parts
    ) =>
        await parts.Acts.ActAsync(subject, id, request, by, parts.Cancel) is { } refusal
            ? new ProblemResult(refusal)
            : TypedResults.Ok(await parts.Reader.ReadAsync(parts.Cancel));

    internal readonly record struct Parts(OperatorActs Acts, OperatorControlReader Reader, CancellationToken Cancel);
}
