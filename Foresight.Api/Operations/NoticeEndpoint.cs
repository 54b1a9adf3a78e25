using Foresight.Api.Problems;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Foresight.Api.Operations;

public static partial class NoticeEndpoint
{
    public static void MapNotices(this IEndpointRouteBuilder routes) =>
        routes
            .MapPost("/notices", Publish)
            .WithName("PublishNotice")
            .WithSummary("An operator's notice to everybody who is connected to the hub of any node.")
            .RefusesWith(400, 401, 429);

    private static Results<Accepted, ProblemResult> Publish(
        NoticeRequest request,
        Operator by,
        INotices notices,
        NodeIdentity node,
        TimeProvider clock,
        ILogger<NoticeRequest> logger
    )
    {
        var text = request.Text?.Trim() ?? "";
        if (text.Length is 0 or > Notice.MaxText || text.Any(char.IsControl))
            return new ProblemResult(Problem.Malformed($"text must have 1 to {Notice.MaxText} characters, and no control characters."));
        // The operator's name goes to the log only; clients need not know it.
        LogPublished(logger, by.Actor, text);
        notices.Publish(NoticeTopics.Notices, new Notice("operator", node.Id, text, clock.GetUtcNow()));
        return TypedResults.Accepted((string?)null);
    }

    [LoggerMessage(LogLevel.Information, "Operator {Actor} sent a notice to all clients: {Text}")]
    private static partial void LogPublished(ILogger logger, string actor, string text);
}
