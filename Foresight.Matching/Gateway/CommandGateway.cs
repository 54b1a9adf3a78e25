using System.Text.Json;
using Foresight.Cluster;
using Foresight.Matching.Loop;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Gateway;

internal static class CommandGateway
{
    /// <summary>Twice the size of a request with the most commands and long signatures, which is about 4 MB.</summary>
    private const long MaximumBodyBytes = 8 * 1024 * 1024;

    /// <summary>Rejects a command with a missing member, which would otherwise be read as zero: a price, a size or a market of 0.</summary>
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };

    /// <summary>
    /// The endpoints through which other nodes send commands to the leader. Everything below /gateway requires the cluster's secret.
    /// </summary>
    public static void MapCommandGateway(this IEndpointRouteBuilder routes)
    {
        var gateway = routes.MapGroup("/gateway").AddEndpointFilter(RequireSecretAsync).ExcludeFromDescription();
        gateway.MapPost("/commands", SendAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaximumBodyBytes));
        gateway.MapGet("/status", Status);
        gateway.MapGet("/state", StateAsync);
    }

    private static async ValueTask<object?> RequireSecretAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var secret = context.HttpContext.RequestServices.GetRequiredService<ClusterSecret>();
        return secret.Matches(context.HttpContext.Request.Headers[ClusterSecret.Header]) ? await next(context) : Results.Unauthorized();
    }

    private static async Task<IResult> SendAsync(HttpContext http, MatchingGate gate, NodeIdentity node, TimeProvider clock)
    {
        CommandBatch? batch;
        try
        {
            batch = await http.Request.ReadFromJsonAsync<CommandBatch>(Strict, http.RequestAborted);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            return Results.Problem(statusCode: StatusCodes.Status400BadRequest, title: "The request body is not a batch of commands.");
        }

        if (
            batch?.Commands is not { Count: > 0 and <= MatchingLimits.CommandsPerRequest } commands
            || commands.Any(command => command is null)
        )
            return Results.Problem(
                statusCode: StatusCodes.Status400BadRequest,
                title: $"A batch must have 1 to {MatchingLimits.CommandsPerRequest} commands."
            );

        var answers = commands.Select(command => Submit(command, gate.Session(command.Shard), batch.SentAt, clock)).ToArray();
        return Results.Json(new CommandAnswer(node.Id, await Task.WhenAll(answers)), JsonSerializerOptions.Web);
    }

    internal static Task<CommandResult> Submit(LeaderCommand command, MatchingSession? session, DateTimeOffset? sentAt, TimeProvider clock)
    {
        if (session is null)
            return Refuse(command, ResultStatus.NotLeader, ProblemCodes.NotLeader);
        // The sender's remaining time, not its deadline, decides: the clocks of the two nodes may differ.
        var remaining = command.Deadline - (sentAt ?? clock.GetUtcNow());
        if (remaining <= TimeSpan.Zero)
            return Refuse(command, ResultStatus.Late, ProblemCodes.Unavailable);
        var deadline = clock.GetTimestamp() + (long)(Math.Min(remaining.TotalSeconds, 3600) * clock.TimestampFrequency);

        if (QueuedCommand.Read(command, deadline) is not { } request)
            return Refuse(command, ResultStatus.Rejected, ProblemCodes.MalformedRequest);
        request.Trace = OrderTrace.Of(command, clock);
        return session.Queue.TryAdd(request) switch
        {
            null => request.Answer.Task,
            ResultStatus.NotLeader => Refuse(command, ResultStatus.NotLeader, ProblemCodes.NotLeader),
            var full => Refuse(command, full.Value, ProblemCodes.Unavailable),
        };
    }

    private static Task<CommandResult> Refuse(LeaderCommand command, ResultStatus status, string code) =>
        Task.FromResult(new CommandResult(command.RequestId, status, code));

    private static IResult Status(MatchingGate gate, NodePresence presence, NodeIdentity node, MatchingMetrics metrics, int shard = 0)
    {
        var (orders, trades) = metrics.Rates.PerSecond();
        var session = gate.Session(shard);
        return Results.Json(
            new MatchingNodeStatus(
                node.Id,
                presence.State,
                session?.Term.Epoch ?? 0,
                session?.Loop.CommittedSequence ?? 0,
                orders,
                trades,
                session?.Loop.OpenOrders ?? 0,
                node.StartedAt,
                shard
            ),
            JsonSerializerOptions.Web
        );
    }

    private static async Task<IResult> StateAsync(MatchingGate gate, CancellationToken cancellationToken, int shard = 0) =>
        await gate.ProveAsync(shard, cancellationToken) is { } proof
            ? Results.Json(proof with { Shard = shard }, JsonSerializerOptions.Web)
            : Results.Problem(statusCode: StatusCodes.Status503ServiceUnavailable, title: "This node does not lead that shard.");
}
