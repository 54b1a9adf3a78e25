using System.Text.Json;
using Foresight.Contracts;
using Foresight.Matching.Pipeline;
using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Door;

internal static class DoorEndpoints
{
    /// <summary>A batch of the largest number of commands, with long signatures, is about 4 MB.</summary>
    private const long MaximumBodyBytes = 8 * 1024 * 1024;

    /// <summary>
    /// The door: where the other nodes hand commands to the leader. Everything below /door needs the cluster's secret. Returns the group,
    /// so that other features can put their own questions behind the same lock.
    /// </summary>
    public static RouteGroupBuilder MapDoor(this IEndpointRouteBuilder routes)
    {
        var door = routes.MapGroup("/door").AddEndpointFilter(RequireSecretAsync).ExcludeFromDescription();
        door.MapPost("/commands", SendAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaximumBodyBytes));
        door.MapGet("/status", Status);
        door.MapGet("/state", StateAsync);
        return door;
    }

    private static async ValueTask<object?> RequireSecretAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var secret = context.HttpContext.RequestServices.GetRequiredService<ClusterSecret>();
        return secret.Matches(context.HttpContext.Request.Headers[ClusterSecret.Header]) ? await next(context) : Results.Unauthorized();
    }

    private static async Task<IResult> SendAsync(
        HttpContext http, MatchingGate gate, LeaderDirectory leaders, NodeIdentity node, TimeProvider clock)
    {
        DoorBatch? batch;
        try
        {
            batch = await http.Request.ReadFromJsonAsync<DoorBatch>(JsonSerializerOptions.Web, http.RequestAborted);
        }
        catch (JsonException)
        {
            return Results.Problem(statusCode: StatusCodes.Status400BadRequest, title: "The body is not a batch of commands.");
        }

        if (batch?.Commands is not { Count: > 0 and <= PipelineLimits.CommandsPerRequest } commands
            || commands.Any(command => command is null))
            return Results.Problem(
                statusCode: StatusCodes.Status400BadRequest, title: $"A batch has 1 to {PipelineLimits.CommandsPerRequest} commands.");

        var answers = commands.Select(command => Submit(command, gate.Session(command.Shard), batch.SentAt, clock)).ToArray();
        var results = await Task.WhenAll(answers);
        var elsewhere = Array.FindIndex(results, result => result.Status == DoorStatus.NotLeader);
        var leader = elsewhere < 0 ? null : await leaders.FindAsync(LeasedResources.MatchingOf(commands[elsewhere].Shard));
        return Results.Json(new DoorAnswer(node.Id, leader?.Address, results), JsonSerializerOptions.Web);
    }

    internal static Task<DoorResult> Submit(DoorCommand command, MatchingSession? session, DateTimeOffset? sentAt, TimeProvider clock)
    {
        if (session is null) return Refuse(command, DoorStatus.NotLeader, ProblemCodes.NotLeader);
        // A span instead of a moment: the sender's clock and ours need not agree.
        var remaining = command.Deadline - (sentAt ?? clock.GetUtcNow());
        if (remaining <= TimeSpan.Zero) return Refuse(command, DoorStatus.Late, ProblemCodes.Unavailable);
        var deadline = clock.GetTimestamp() + (long)(Math.Min(remaining.TotalSeconds, 3600) * clock.TimestampFrequency);

        if (Request.Read(command, deadline) is not { } request) return Refuse(command, DoorStatus.Rejected, ProblemCodes.MalformedRequest);
        request.Trace = OrderTrace.Of(command, clock);
        return session.Intake.TryAdd(request) switch
        {
            null => request.Answer.Task,
            DoorStatus.NotLeader => Refuse(command, DoorStatus.NotLeader, ProblemCodes.NotLeader),
            var full => Refuse(command, full.Value, ProblemCodes.Unavailable),
        };
    }

    private static Task<DoorResult> Refuse(DoorCommand command, DoorStatus status, string code) =>
        Task.FromResult(new DoorResult(command.RequestId, status, code, Epoch: 0, Sequence: 0));

    private static IResult Status(MatchingGate gate, NodePresence presence, NodeIdentity node, PipelineMetrics metrics, int shard = 0)
    {
        var (orders, trades) = metrics.Rates.PerSecond();
        var session = gate.Session(shard);
        return Results.Json(
            new MatchingNodeStatus(
                node.Id, presence.State, session?.Term.Epoch ?? 0, session?.Loop.CommittedSequence ?? 0, orders, trades,
                session?.Loop.OpenOrders ?? 0,
                node.StartedAt, shard),
            JsonSerializerOptions.Web);
    }

    private static async Task<IResult> StateAsync(MatchingGate gate, CancellationToken cancellation, int shard = 0) =>
        await gate.ProveAsync(shard, cancellation) is { } proof
            ? Results.Json(proof with { Shard = shard }, JsonSerializerOptions.Web)
            : Results.Problem(statusCode: StatusCodes.Status503ServiceUnavailable, title: "This node does not lead that shard.");
}
