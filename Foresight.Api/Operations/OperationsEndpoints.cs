using Dapper;
using Foresight.Api.Access;
using Foresight.Api.Operations;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class OperationsEndpoints
{
    /// <summary>Whom the console acts for, percent-encoded; it goes into the audit trail.</summary>
    private const string OperatorHeader = "X-Foresight-Operator";

    public static WebApplicationBuilder AddOperations(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ClusterReader>();
        builder.Services.AddSingleton<SettlementReader>();
        builder.Services.AddSingleton<ReconciliationReader>();
        builder.Services.AddSingleton<DiscrepancyDesk>();
        builder.Services.AddSingleton<OffenderDesk>();
        builder.Services.AddSingleton<Overview>();
        return builder;
    }

    public static WebApplication MapOperations(this WebApplication app)
    {
        var cluster = app.MapGroup("/cluster").WithTags("Cluster");
        cluster.MapGet("/status", (HttpContext http, ClusterReader reader, AdminAccess access, CancellationToken cancellation) =>
            reader.StatusAsync(access.Allows(http), cancellation)).WithName("GetClusterStatus")
                .WithSummary("Leader, nodes, leased resources, failovers.").RefusesWith(503);
        cluster.MapGet("/leader", LeaderAsync).WithName("GetLeader").WithSummary("Who leads matching.").RefusesWith(503);
        cluster.MapGet("/nodes", (HttpContext http, ClusterReader reader, AdminAccess access, CancellationToken cancellation) =>
            reader.NodesAsync(access.Allows(http), cancellation)).WithName("ListNodes")
                .WithSummary("The nodes that live.").RefusesWith(503);

        app.MapGroup("/database").WithTags("Database").RequireAdminKey()
            .MapGet("/status", (Database database) => TypedResults.Ok(database.Status())).WithName("GetDatabaseStatus")
            .WithSummary("Primary and replicas, as this node's last checks found them.").RefusesWith(401);

        MapOffenders(app.MapGroup("/admin/offenders").WithTags("Admin").RequireAdminKey());
        app.MapGroup("/admin").WithTags("Admin").RequireAdminKey()
            .MapGet("/overview", async (Overview overview, CancellationToken cancellation) => TypedResults.Ok(await overview.ReadAsync(cancellation)))
            .WithName("GetOverview").WithSummary("Everything at a glance; a part that cannot be read is named.").RefusesWith(401);

        MapReconciliation(app.MapGroup("/reconciliation").WithTags("Reconciliation").RequireAdminKey());
        return app;
    }

    private static void MapOffenders(RouteGroupBuilder routes)
    {
        routes.MapGet("", async (OffenderDesk desk, CancellationToken cancellation) => TypedResults.Ok(await desk.ListAsync(cancellation)))
            .WithName("ListOffenders").WithSummary("Accounts whose trades failed by their own doing, the worst first.").RefusesWith(401, 503);
        routes.MapGet("/{address}", OffenderAsync).WithName("GetOffender").WithSummary("One of them, with its offences and resets.").RefusesWith(400, 401, 404, 503);
        routes.MapPost("/{address}/reset", ResetOffenderAsync).WithName("ResetOffender")
            .WithSummary("Forgives what counts against an account, with a note that is kept.").RefusesWith(400, 401, 409, 503);
    }

    private static async Task<Results<Ok<OffenderDetail>, ProblemResult>> OffenderAsync(string address, OffenderDesk desk, CancellationToken cancellation)
    {
        if (!Address.TryParse(address, out var account)) return new ProblemResult(OrderRules.NotAnAddress("address"));
        return await desk.FindAsync(account, cancellation) is { } detail
            ? TypedResults.Ok(detail)
            : new ProblemResult(Problem.NotFound($"Nothing was ever held against {account}."));
    }

    private static async Task<Results<Ok<OffenderDetail>, ProblemResult>> ResetOffenderAsync(
        string address, ResetOffenderRequest request, HttpContext http, OffenderDesk desk, CancellationToken cancellation)
    {
        if (!Address.TryParse(address, out var account)) return new ProblemResult(OrderRules.NotAnAddress("address"));
        var (detail, problem) = await desk.ResetAsync(account, request, ActorOf(http), cancellation);
        return problem is null ? TypedResults.Ok(detail!) : new ProblemResult(problem);
    }

    private static void MapReconciliation(RouteGroupBuilder routes)
    {
        routes.MapGet("/status", async (ReconciliationReader reader, CancellationToken cancellation) => TypedResults.Ok(await reader.StatusAsync(cancellation)))
            .WithName("GetReconciliationStatus").WithSummary("Last and next run, coverage, open discrepancies.").RefusesWith(401, 503);
        routes.MapGet("/runs", RunsAsync).WithName("ListRuns").WithSummary("Runs, newest first.").RefusesWith(400, 401, 503);
        routes.MapGet("/coverage", CoverageAsync).WithName("ListCoverage")
            .WithSummary("Block ranges that were compared, newest first.").RefusesWith(400, 401, 503);
        routes.MapGet("/discrepancies", DiscrepanciesAsync).WithName("ListDiscrepancies")
            .WithSummary("Discrepancies, newest first.").RefusesWith(400, 401, 503);
        routes.MapGet("/discrepancies/{id:long}", DiscrepancyAsync).WithName("GetDiscrepancy")
            .WithSummary("One discrepancy, with its evidence and audit trail.").RefusesWith(401, 404, 503);
        routes.MapPost("/trigger", TriggerAsync).WithName("TriggerReconciliation")
            .WithSummary("Asks for a run; joins one that waits or runs.").RefusesWith(401, 503);
        routes.MapPost("/resolve/{id:long}", ResolveAsync).WithName("ResolveDiscrepancy")
            .WithSummary("Resolves, acknowledges, ignores or reopens a discrepancy, with a note.").RefusesWith(400, 401, 404, 409, 503);
    }

    private static async Task<Results<Ok<LeaderView>, ProblemResult>> LeaderAsync(
        HttpContext http, ClusterReader reader, AdminAccess access, CancellationToken cancellation, int shard = 0) =>
        await reader.LeaderAsync(Math.Clamp(shard, 0, Shards.Maximum - 1), access.Allows(http), cancellation) is { } leader
            ? TypedResults.Ok(leader)
            : new ProblemResult(new Problem(ProblemCodes.NotLeader, "No node leads this shard of the matching engine.") { RetryAfter = TimeSpan.FromSeconds(1) });

    private static async Task<Results<Ok<Page<RunView>>, ProblemResult>> RunsAsync(
        ReconciliationReader reader, CancellationToken cancellation, int? limit = null, string? cursor = null) =>
        RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } malformed
            ? new ProblemResult(malformed)
            : TypedResults.Ok(await reader.RunsAsync(size, before, cancellation));

    private static async Task<Results<Ok<Page<CoverageView>>, ProblemResult>> CoverageAsync(
        ReconciliationReader reader, CancellationToken cancellation, int? limit = null, string? cursor = null)
    {
        // A range is named by its run and its first block, so its cursor has both.
        var parts = cursor?.Split('-', 2);
        if (parts is { Length: not 2 }) return new ProblemResult(RequestReading.BadCursor);
        if (RequestReading.ReadPage(limit, parts?[0], out var size, out var run) is { } malformed) return new ProblemResult(malformed);
        if (RequestReading.ReadPage(limit, parts?[1], out _, out var block) is { } also) return new ProblemResult(also);
        return TypedResults.Ok(await reader.CoverageAsync(size, (run, block), cancellation));
    }

    private static async Task<Results<Ok<Page<DiscrepancyView>>, ProblemResult>> DiscrepanciesAsync(
        ReconciliationReader reader, CancellationToken cancellation,
        string? state = null, string? kind = null, string? severity = null, int? limit = null, string? cursor = null)
    {
        var live = state == "live";
        if (state is not null && !live && !DiscrepancyRules.States.Contains(state))
            return new ProblemResult(Problem.Malformed($"state must be live, {string.Join(", ", DiscrepancyRules.States)}."));
        if (RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } malformed) return new ProblemResult(malformed);
        return TypedResults.Ok(await reader.DiscrepanciesAsync(new DiscrepancyFilter(live ? null : state, live, kind, severity), size, before, cancellation));
    }

    private static async Task<Results<Ok<DiscrepancyDetail>, ProblemResult>> DiscrepancyAsync(
        long id, ReconciliationReader reader, CancellationToken cancellation) =>
        await reader.DiscrepancyAsync(id, cancellation) is { } detail
            ? TypedResults.Ok(detail)
            : new ProblemResult(Problem.NotFound($"No discrepancy has the id {id}."));

    /// <summary>Through the journal's database and not through the holder's door: a request then outlives the holder.</summary>
    private static async Task<Accepted<TriggerResponse>> TriggerAsync(Database database, NodeIdentity node, CancellationToken cancellation)
    {
        var (runId, alreadyRunning) = await database.WriteAsync(
            "reconciliation_trigger", (connection, cancel) => connection.QuerySingleAsync<(long, bool)>(new CommandDefinition("SELECT run_id, already_running FROM request_reconciliation(@node)", new { node = node.Id }, cancellationToken: cancel)), cancellation);
        return TypedResults.Accepted("/reconciliation/runs", new TriggerResponse(runId, alreadyRunning));
    }

    private static async Task<Results<Ok<DiscrepancyDetail>, ProblemResult>> ResolveAsync(
        long id, ResolveRequest request, HttpContext http, DiscrepancyDesk desk, CancellationToken cancellation)
    {
        var (detail, problem) = await desk.DecideAsync(id, request, ActorOf(http), cancellation);
        return problem is null ? TypedResults.Ok(detail!) : new ProblemResult(problem);
    }

    private static string ActorOf(HttpContext http)
    {
        var name = Uri.UnescapeDataString(http.Request.Headers[OperatorHeader].ToString()).Trim();
        name = new string([.. name.Where(c => !char.IsControl(c))]);
        return name.Length == 0 ? "admin" : name.Length > DiscrepancyRules.MaxActor ? name[..DiscrepancyRules.MaxActor] : name;
    }
}
