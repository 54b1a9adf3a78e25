using Dapper;
using Foresight.Api.Operations;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

internal static class ReconciliationEndpoints
{
    public static WebApplication MapReconciliation(this WebApplication app)
    {
        var routes = app.MapGroup("/reconciliation")
            .WithTags("Reconciliation")
            .RequireAdminKey()
            .ChecksParameters()
            .RefusesUnknownQueries();
        routes
            .MapGet(
                "/status",
                async (ReconciliationReader reader, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await reader.StatusAsync(cancellationToken))
            )
            .WithName("GetReconciliationStatus")
            .WithSummary("Last and next run, coverage, open discrepancies, solvency.")
            .RefusesWith(401, 429, 503);
        routes.MapGet("/runs", RunsAsync).WithName("ListRuns").WithSummary("Runs, newest first.").RefusesWith(400, 401, 429, 503);
        routes.MapGet("/runs/{id:long}", RunAsync).WithName("GetRun").WithSummary("One run.").RefusesWith(401, 404, 429, 503);
        routes
            .MapGet("/runs/{id:long}/repairs", RepairsAsync)
            .WithName("ListRepairs")
            .WithSummary("What automatic repair did in a run, or in a dry run would do: before and after.")
            .RefusesWith(400, 401, 429, 503);
        routes
            .MapGet("/coverage", CoverageAsync)
            .WithName("ListCoverage")
            .WithSummary("Block ranges that were compared, newest first.")
            .RefusesWith(400, 401, 429, 503);
        routes
            .MapGet("/discrepancies", DiscrepanciesAsync)
            .WithName("ListDiscrepancies")
            .WithSummary("Discrepancies, newest first or as sorted, with how many there are in all.")
            .RefusesWith(400, 401, 429, 503);
        routes
            .MapGet("/discrepancies/export", ExportAsync)
            .WithName("ExportDiscrepancies")
            .WithSummary("All discrepancies that the filters let through, in the order of sort, as CSV or JSON.")
            .RefusesWith(400, 401, 429, 503);
        routes
            .MapGet("/discrepancies/{id:long}", DiscrepancyAsync)
            .WithName("GetDiscrepancy")
            .WithSummary("One discrepancy, with its evidence, proof and audit trail.")
            .RefusesWith(401, 404, 429, 503);
        routes
            .MapPost("/trigger", TriggerAsync)
            .WithName("TriggerReconciliation")
            .WithSummary("Asks for a run, or for a dry run of automatic repair; joins one of the same kind that waits or runs.")
            .RefusesWith(400, 401, 429, 503);
        routes
            .MapPost("/resolve/{id:long}", ResolveAsync)
            .WithName("ResolveDiscrepancy")
            .WithSummary("Resolves, acknowledges, ignores, reopens, assigns or notes a discrepancy.")
            .RefusesWith(400, 401, 404, 409, 429, 503);
        routes
            .MapPost("/resolve", ResolveManyAsync)
            .WithName("ResolveDiscrepancies")
            .WithSummary("One decision about up to 5,000 discrepancies, in one transaction.")
            .RefusesWith(400, 401, 429, 503);
        return app;
    }

    private static async Task<Ok<Page<RunView>>> RunsAsync(
        [AsParameters] PageParameters page,
        ReconciliationReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.RunsAsync(page.Size, page.Before, cancellationToken));

    private static async Task<Results<Ok<RunView>, ProblemResult>> RunAsync(
        long id,
        ReconciliationReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.RunAsync(id, cancellationToken) is { } run
            ? TypedResults.Ok(run)
            : new ProblemResult(Problem.NotFound($"No run has the id {id}."));

    private static async Task<Ok<Page<RepairView>>> RepairsAsync(
        long id,
        [AsParameters] PageParameters page,
        ReconciliationReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.RepairsAsync(id, page.Size, page.Before, cancellationToken));

    private static async Task<Ok<Page<CoverageView>>> CoverageAsync(
        [AsParameters] CoveragePageParameters page,
        ReconciliationReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.CoverageAsync(page.Size, page.Before, cancellationToken));

    private static async Task<Ok<CountedPage<DiscrepancyView>>> DiscrepanciesAsync(
        [AsParameters] DiscrepancyParameters wanted,
        [AsParameters] DiscrepancyPageParameters page,
        ReconciliationReader reader,
        CancellationToken cancellationToken
    ) => TypedResults.Ok(await reader.DiscrepanciesAsync(wanted.Filter, page.Page, cancellationToken));

    private static async Task<FileContentHttpResult> ExportAsync(
        [AsParameters] DiscrepancyParameters wanted,
        [AsParameters] ExportParameters export,
        ReconciliationReader reader,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var rows = await reader.ExportAsync(wanted.Filter, export.Order, cancellationToken);
        return TypedResults.File(
            export.Write(rows),
            export.ContentType,
            $"discrepancies-{clock.GetUtcNow():yyyyMMdd-HHmmss}.{export.Format}"
        );
    }

    private static async Task<Results<Ok<DiscrepancyDetail>, ProblemResult>> DiscrepancyAsync(
        long id,
        ReconciliationReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.DiscrepancyAsync(id, cancellationToken) is { } detail
            ? TypedResults.Ok(detail)
            : new ProblemResult(Problem.NotFound($"No discrepancy has the id {id}."));

    /// <summary>
    /// The request is written to the journal's database instead of sent to the holder, so that it survives a failover of the holder.
    /// </summary>
    private static async Task<Results<Accepted<TriggerResponse>, ProblemResult>> TriggerAsync(
        TriggerRequest request,
        Database database,
        NodeIdentity node,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = DiscrepancyRules.ReadNote(request.Note);
        if (read.Value is not { } note)
            return new ProblemResult(read.Problem!);
        var (runId, alreadyRunning) = await database.WriteAsync(
            "reconciliation_trigger",
            (connection, cancellationToken) =>
                connection.QuerySingleAsync<(long, bool)>(
                    new CommandDefinition(
                        "SELECT run_id, already_running FROM request_reconciliation(@node, @dryRun, @actor, @key, @note)",
                        new
                        {
                            node = node.Id,
                            dryRun = request.DryRun,
                            actor = by.Actor,
                            key = by.Key,
                            note,
                        },
                        cancellationToken: cancellationToken
                    )
                ),
            cancellationToken
        );
        return TypedResults.Accepted($"/reconciliation/runs/{runId}", new TriggerResponse(runId, alreadyRunning));
    }

    private static async Task<Results<Ok<DiscrepancyDetail>, ProblemResult>> ResolveAsync(
        long id,
        ResolveRequest request,
        Operator by,
        DiscrepancyWorkflow workflow,
        CancellationToken cancellationToken
    ) => (await workflow.DecideAsync(id, request, by, cancellationToken)).ToHttp();

    private static async Task<Results<Ok<BulkResolveResponse>, ProblemResult>> ResolveManyAsync(
        BulkResolveRequest request,
        Operator by,
        DiscrepancyWorkflow workflow,
        CancellationToken cancellationToken
    ) => (await workflow.DecideAsync(request, by, cancellationToken)).ToHttp();
}
