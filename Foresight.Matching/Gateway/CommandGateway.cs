using System.Text.Json;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Loop;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Http.Features;

namespace Foresight.Matching.Gateway;

internal static class CommandGateway
{
    /// <summary>Twice the size of a request with the most commands and long signatures, which is about 4 MB.</summary>
    private const long MaximumBodyBytes = 8 * 1024 * 1024;

    /// <summary>Bounds each request, because a connection past its lifetime stays, without a new proof, while one on it lasts.</summary>
    private static readonly TimeSpan WatchLimit = TimeSpan.FromMinutes(1);

    /// <summary>Rejects a command with a missing member, which would otherwise be read as zero: a price, a size or a market of 0.</summary>
    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };

    /// <summary>
    /// Everything below /gateway requires a connection on which a node has proven itself. At the port of the probes, which has no TLS, no
    /// node can.
    /// </summary>
    public static void MapCommandGateway(this IEndpointRouteBuilder routes)
    {
        var gateway = routes.MapGroup("/gateway").AddEndpointFilter(RequireProofAsync).ExcludeFromDescription();
        gateway.MapPost("/commands", SendAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaximumBodyBytes));
        gateway.MapGet("/status", Status);
        gateway.MapGet("/state", StateAsync);
        gateway.MapGet("/watch", HoldOpenAsync);
    }

    private static async ValueTask<object?> RequireProofAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        return http.Features.Get<ConnectedNode>() is null ? Results.Unauthorized() : await next(context);
    }

    private static async Task<IResult> SendAsync(
        HttpContext http,
        MatchingGate gate,
        CommandGuard guard,
        NodeIdentity node,
        TimeProvider clock
    )
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

        if (await guard.RefusalsAsync(http.Features.GetRequiredFeature<ConnectedNode>(), batch, http.RequestAborted) is not { } refusals)
            return Results.StatusCode(StatusCodes.Status403Forbidden);
        var answers = SubmitAll(commands, refusals, command => Submit(command, gate.Session(command.Shard), batch.SentAt, clock));
        return Results.Json(new CommandAnswer(node.Id, await Task.WhenAll(answers)), JsonSerializerOptions.Web);
    }

    internal static Task<CommandResult> Submit(
        LeaderCommand command,
        MatchingSession? session,
        DateTimeOffset? sentAt,
        TimeProvider clock
    ) => Submit(command, session, sentAt, clock, QueuedCommand.Read);

    /// <param name="read">Null if the command is malformed, or its id not its own.</param>
    internal static Task<CommandResult> Submit(
        LeaderCommand command,
        MatchingSession? session,
        DateTimeOffset? sentAt,
        TimeProvider clock,
        Func<LeaderCommand, long, QueuedCommand?> read
    )
    {
        if (session is null)
            return Refuse(command, ResultStatus.NotLeader, ProblemCodes.NotLeader);
        // The sender's remaining time, not its deadline, decides: the clocks of the two nodes may differ.
        var remaining = command.Deadline - (sentAt ?? clock.GetUtcNow());
        if (remaining <= TimeSpan.Zero)
            return Refuse(command, ResultStatus.Late, ProblemCodes.Unavailable);
        var deadline = clock.GetTimestamp() + (long)(Math.Min(remaining.TotalSeconds, 3600) * clock.TimestampFrequency);

        if (read(command, deadline) is not { } request)
            return Refuse(command, ResultStatus.Rejected, ProblemCodes.MalformedRequest);
        request.Trace = OrderTrace.Of(command, clock);
        return session.Queue.TryAdd(request) switch
        {
            null => request.Answer.Task,
            ResultStatus.NotLeader => Refuse(command, ResultStatus.NotLeader, ProblemCodes.NotLeader),
            var full => Refuse(command, full.Value, ProblemCodes.Unavailable),
        };
    }

    /// <summary>
    /// A command whose check lasts (a contract wallet's) waits for it alone, and with it the later ones of the same maker, whose order
    /// counts; the others of the batch are submitted at once.
    /// </summary>
    internal static Task<CommandResult>[] SubmitAll(
        IReadOnlyList<LeaderCommand> commands,
        IReadOnlyDictionary<LeaderCommand, Task<CommandGuard.Refusal?>> refusals,
        Func<LeaderCommand, Task<CommandResult>> submit
    )
    {
        var answers = new Task<CommandResult>[commands.Count];
        var held = new Dictionary<string, Task>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < commands.Count; i++)
        {
            var (command, check) = (commands[i], refusals.GetValueOrDefault(commands[i]));
            Task? before = null;
            var waits = MakerOf(command) is { } maker && held.TryGetValue(maker, out before);
            if (!waits && check is null or { IsCompletedSuccessfully: true })
            {
#pragma warning disable RS0030 // It has completed.
                answers[i] = check?.Result is { } refusal ? Refuse(command, refusal.Status, refusal.Code) : submit(command);
#pragma warning restore RS0030
                continue;
            }

            var submitted = SubmitInTurnAsync(command, before, check, submit);
            if (MakerOf(command) is { } by)
                held[by] = submitted;
            answers[i] = submitted.Unwrap();
        }

        return answers;
    }

    /// <summary>The outer task ends when the command has its turn, the inner one with its result.</summary>
    private static async Task<Task<CommandResult>> SubmitInTurnAsync(
        LeaderCommand command,
        Task? before,
        Task<CommandGuard.Refusal?>? check,
        Func<LeaderCommand, Task<CommandResult>> submit
    )
    {
        if (before is not null)
            await before;
        return check is not null && await check is { } refusal ? Refuse(command, refusal.Status, refusal.Code) : submit(command);
    }

    private static string? MakerOf(LeaderCommand command) =>
        command switch
        {
            PlaceOrder order => order.Maker,
            CancelBySalt cancel => cancel.Maker,
            _ => null,
        };

    private static Task<CommandResult> Refuse(LeaderCommand command, ResultStatus status, string code) =>
        Task.FromResult(new CommandResult(command.RequestId, status, code));

    private static IResult Status(MatchingGate gate, NodePresence presence, NodeIdentity node, GatewayRates rates, int shard = 0)
    {
        var (orders, trades) = rates.Matching.Rates.PerSecond();
        var (median, slowest) = rates.Matching.Latency.Percentiles();
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
            )
            {
                Signatures = rates.Gateway.SignaturesSeen,
                SignaturesChecked = rates.Gateway.SignaturesChecked,
                PutOut = rates.PutOut.Current(),
                CommitP50Ms = median?.TotalMilliseconds,
                CommitP99Ms = slowest?.TotalMilliseconds,
            },
            JsonSerializerOptions.Web
        );
    }

    /// <summary>
    /// Followers keep one such request open for each resource. Its headers come at once, its body ends at the limit, and breaks off when
    /// this process stops.
    /// </summary>
    private static async Task HoldOpenAsync(HttpContext http, IHostApplicationLifetime lifetime, TimeProvider clock)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await http.Response.Body.FlushAsync(ending.Token);
            await Task.Delay(WatchLimit, clock, ending.Token);
        }
        catch (OperationCanceledException)
        {
            http.Abort();
        }
    }

    private static async Task<IResult> StateAsync(MatchingGate gate, CancellationToken cancellationToken, int shard = 0) =>
        await gate.ProveAsync(shard, cancellationToken) is { } proof
            ? Results.Json(proof with { Shard = shard }, JsonSerializerOptions.Web)
            : Results.Problem(statusCode: StatusCodes.Status503ServiceUnavailable, title: "This node does not lead that shard.");
}
