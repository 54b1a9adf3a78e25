using Dapper;
using Foresight.Api.Access;
using Foresight.Api.Operations;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Microsoft.AspNetCore.Builder;

internal static class ReconciliationEndpoints
{
    public static WebApplication MapReconciliation(this WebApplication app)
    {
        var routes = app.MapGroup("/reconciliation").WithTags("Reconciliation").RequireAdminKey();
        routes.MapGet(
            "/status", async (ReconciliationReader reader, CancellationToken cancellation) =>
                TypedResults.Ok(await reader.StatusAsync(cancellation)))
            .WithName("GetReconciliationStatus").WithSummary("Last and next run, coverage, open discrepancies, solvency.")
            .RefusesWith(401, 503);
        routes.MapGet("/runs", RunsAsync).WithName("ListRuns").WithSummary("Runs, newest first.").RefusesWith(400, 401, 503);
        routes.MapGet("/runs/{id:long}", RunAsync).WithName("GetRun").WithSummary("One run.").RefusesWith(401, 404, 503);
        routes.MapGet("/runs/{id:long}/repairs", RepairsAsync).WithName("ListRepairs")
            .WithSummary("What automatic repair did in a run, or in a dry run would do: before and after.").RefusesWith(400, 401, 503);
        routes.MapGet("/coverage", CoverageAsync).WithName("ListCoverage")
            .WithSummary("Block ranges that were compared, newest first.").RefusesWith(400, 401, 503);
        routes.MapGet("/discrepancies", DiscrepanciesAsync).WithName("ListDiscrepancies")
            .WithSummary("Discrepancies, newest first.").RefusesWith(400, 401, 503);
        routes.MapGet("/discrepancies/export", ExportAsync).WithName("ExportDiscrepancies")
            .WithSummary("All discrepancies that the filters let through, as CSV or JSON.").RefusesWith(400, 401, 503);
        routes.MapGet("/discrepancies/{id:long}", DiscrepancyAsync).WithName("GetDiscrepancy")
            .WithSummary("One discrepancy, with its evidence, proof and audit trail.").RefusesWith(401, 404, 503);
        routes.MapPost("/trigger", TriggerAsync).WithName("TriggerReconciliation")
            .WithSummary("Asks for a run, or for a dry run of automatic repair; joins one of the same kind that waits or runs.")
            .RefusesWith(400, 401, 503);
        routes.MapPost("/resolve/{id:long}", ResolveAsync).WithName("ResolveDiscrepancy")
            .WithSummary("Resolves, acknowledges, ignores, reopens, assigns or notes a discrepancy.").RefusesWith(400, 401, 404, 409, 503);
        routes.MapPost("/resolve", ResolveManyAsync).WithName("ResolveDiscrepancies")
            .WithSummary("One decision about up to 500 discrepancies, in one transaction.").RefusesWith(400, 401, 503);
        return app;
    }

    private static async Task<Results<Ok<Page<RunView>>, ProblemResult>> RunsAsync(
        ReconciliationReader reader, CancellationToken cancellation, int? limit = null, string? cursor = null) =>
        RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } malformed
            ? new ProblemResult(malformed)
            : TypedResults.Ok(await reader.RunsAsync(size, before, cancellation));

    private static async Task<Results<Ok<RunView>, ProblemResult>> RunAsync(
        long id, ReconciliationReader reader, CancellationToken cancellation) =>
        await reader.RunAsync(id, cancellation) is { } run
            ? TypedResults.Ok(run)
            : new ProblemResult(Problem.NotFound($"No run has the id {id}."));

    private static async Task<Results<Ok<Page<RepairView>>, ProblemResult>> RepairsAsync(
        long id, ReconciliationReader reader, CancellationToken cancellation, int? limit = null, string? cursor = null) =>
        RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } malformed
            ? new ProblemResult(malformed)
            : TypedResults.Ok(await reader.RepairsAsync(id, size, before, cancellation));

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
        ReconciliationReader reader, [AsParameters] DiscrepancyQuery query, CancellationToken cancellation, int? limit = null,
        string? cursor = null)
    {
        if (query.Wrong is { } wrong) return new ProblemResult(Problem.Malformed(wrong));
        if (RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } malformed) return new ProblemResult(malformed);
        return TypedResults.Ok(await reader.DiscrepanciesAsync(query.Filter, size, before, cancellation));
    }

    private static async Task<Results<FileContentHttpResult, ProblemResult>> ExportAsync(
        ReconciliationReader reader, TimeProvider clock, [AsParameters] DiscrepancyQuery query, CancellationToken cancellation,
        string format = "csv")
    {
        if (query.Wrong is { } wrong) return new ProblemResult(Problem.Malformed(wrong));
        if (DiscrepancyExport.ContentTypeOf(format) is not { } contentType)
            return new ProblemResult(Problem.Malformed("format must be csv or json."));
        var rows = await reader.ExportAsync(query.Filter, cancellation);
        return TypedResults.File(
            format == "json" ? DiscrepancyExport.Json(rows) : DiscrepancyExport.Csv(rows), contentType,
            $"discrepancies-{clock.GetUtcNow():yyyyMMdd-HHmmss}.{format}");
    }

    private static async Task<Results<Ok<DiscrepancyDetail>, ProblemResult>> DiscrepancyAsync(
        long id, ReconciliationReader reader, CancellationToken cancellation) =>
        await reader.DiscrepancyAsync(id, cancellation) is { } detail
            ? TypedResults.Ok(detail)
            : new ProblemResult(Problem.NotFound($"No discrepancy has the id {id}."));

    /// <summary>Through the journal's database and not through the holder's door: a request then outlives the holder.</summary>
    private static async Task<Accepted<TriggerResponse>> TriggerAsync(
        Database database, NodeIdentity node, HttpContext http, AdminAccess access, CancellationToken cancellation,
        [FromBody] TriggerRequest? request = null)
    {
        var dryRun = request?.DryRun ?? false;
        var by = Decider.Of(http, access);
        var (runId, alreadyRunning) = await database.WriteAsync(
            "reconciliation_trigger", (connection, cancel) => connection.QuerySingleAsync<(long, bool)>(new CommandDefinition(
                "SELECT run_id, already_running FROM request_reconciliation(@node, @dryRun, @actor, @key)",
                new { node = node.Id, dryRun, actor = by.Actor, key = by.Key }, cancellationToken: cancel)), cancellation);
        return TypedResults.Accepted($"/reconciliation/runs/{runId}", new TriggerResponse(runId, alreadyRunning));
    }

    private static async Task<Results<Ok<DiscrepancyDetail>, ProblemResult>> ResolveAsync(
        long id, ResolveRequest request, HttpContext http, DiscrepancyDesk desk, AdminAccess access, CancellationToken cancellation)
    {
        var (detail, problem) = await desk.DecideAsync(id, request, Decider.Of(http, access), cancellation);
        return problem is null ? TypedResults.Ok(detail!) : new ProblemResult(problem);
    }

    private static async Task<Results<Ok<BulkResolveResponse>, ProblemResult>> ResolveManyAsync(
        BulkResolveRequest request, HttpContext http, DiscrepancyDesk desk, AdminAccess access, CancellationToken cancellation)
    {
        var (response, problem) = await desk.DecideAsync(request, Decider.Of(http, access), cancellation);
        return problem is null ? TypedResults.Ok(response!) : new ProblemResult(problem);
    }
}
