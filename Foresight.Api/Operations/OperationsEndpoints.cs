using Foresight.Api.Access;
using Foresight.Api.Operations;
using Foresight.Api.Operations.Decisions;
using Foresight.Api.Operations.Firm;
using Foresight.Api.Operations.History;
using Foresight.Api.Operations.Lookup;
using Foresight.Api.Operations.Markets;
using Foresight.Api.Operations.Markets.Proposals;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Microsoft.AspNetCore.Builder;

public static class OperationsEndpoints
{
    public static WebApplicationBuilder AddOperations(this WebApplicationBuilder builder)
    {
        // At once, because a wrong setting must end the start and not the first reading.
        builder.Services.AddSingleton(new ExpectedNodes(builder.Configuration));
        builder.Services.AddSingleton<ClusterReader>();
        builder.Services.AddSingleton<SettlementReader>();
        builder.Services.AddSingleton<ReconciliationReader>();
        builder.Services.AddSingleton<DiscrepancyWorkflow>();
        builder.Services.AddSingleton<OffenderAdministration>();
        builder.Services.AddSingleton<OverviewReaders>();
        builder.Services.AddSingleton<Overview>();
        builder.Services.AddSingleton<LookupReader>();
        builder.Services.AddSingleton<HistoryReader>();
        builder.Services.AddSingleton<MarketActs>();
        builder.Services.AddSingleton<ProposalWorkflow>();
        builder.Services.AddSingleton<DecisionLogReader>();
        builder.Services.AddDetails();
        builder.Services.AddSingleton<FirmShareReader>();
        builder.Services.AddOperatorActs();
        builder.Services.AddSingleton<RefusedKeyRecords>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RefusedKeyRecords>());
        builder.Services.AddHostedService<ReplicaNotices>();
        return builder;
    }

    public static WebApplication MapOperations(this WebApplication app)
    {
        var cluster = app.MapGroup("/cluster").WithTags("Cluster").ShowsMoreToAdmins();
        cluster
            .MapGet(
                "/status",
                (HttpContext http, ClusterReader reader, AdminAccess access, CancellationToken cancellationToken) =>
                    reader.StatusAsync(access.Allows(http), cancellationToken)
            )
            .WithName("GetClusterStatus")
            .WithSummary("Leader, nodes, leased resources, failovers.")
            .RefusesWith(429, 503);
        cluster.MapGet("/leader", LeaderAsync).WithName("GetLeader").WithSummary("Who leads matching.").RefusesWith(400, 429, 503);
        cluster
            .MapGet(
                "/nodes",
                (HttpContext http, ClusterReader reader, AdminAccess access, CancellationToken cancellationToken) =>
                    reader.NodesAsync(access.Allows(http), cancellationToken)
            )
            .WithName("ListNodes")
            .WithSummary("The nodes that live.")
            .RefusesWith(429, 503);

        app.MapGroup("/database")
            .WithTags("Database")
            .RequireAdminKey()
            .MapGet("/status", (Database database) => TypedResults.Ok(database.Status()))
            .WithName("GetDatabaseStatus")
            .WithSummary("Primary and replicas, as this node's last checks found them.")
            .RefusesWith(401, 429);

        MapOffenders(app.MapGroup("/admin/offenders").WithTags("Admin").RequireAdminKey().ChecksParameters().RefusesUnknownQueries());
        var details = app.MapGroup("/admin").WithTags("Admin").RequireAdminKey().ChecksParameters().RefusesUnknownQueries();
        details.MapLookup();
        details.MapDetails();
        details.MapWithdrawalLists();
        details.MapFirmShares();
        details.MapHistory();
        details.MapMarketActs();
        details.MapOperatorActs();
        details.MapProposals();
        details
            .MapGet(
                "/decisions",
                async ([AsParameters] DecisionParameters wanted, DecisionLogReader reader, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await reader.ReadAsync(wanted.Filter, cancellationToken))
            )
            .WithName("ListDecisions")
            .WithSummary("Who decided what about discrepancies, runs, offenders, markets, settlement, nodes and replicas, newest first.")
            .RefusesWith(400, 401, 429, 503);
        var admin = app.MapGroup("/admin").WithTags("Admin").RequireAdminKey();
        admin.MapNotices();
        admin
            .MapGet(
                "/refused-keys",
                async (RefusedKeyRecords records, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await records.ListAsync(cancellationToken))
            )
            .WithName("ListRefusedKeys")
            .WithSummary("From where wrong admin keys came, by address and minute, newest first.")
            .RefusesWith(401, 429, 503);
        admin
            .MapGet(
                "/overview",
                async (Overview overview, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await overview.ReadAsync(cancellationToken))
            )
            .WithName("GetOverview")
            .WithSummary("Everything at a glance; a part that cannot be read is named.")
            .RefusesWith(401, 429);

        return app.MapReconciliation();
    }

    private static void MapOffenders(RouteGroupBuilder routes)
    {
        routes
            .MapGet(
                "",
                async ([AsParameters] OffenderParameters wanted, OffenderAdministration offenders, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await offenders.ListAsync(wanted.Level, cancellationToken))
            )
            .WithName("ListOffenders")
            .WithSummary("Accounts whose trades failed by their own doing, the worst first.")
            .RefusesWith(400, 401, 429, 503);
        routes
            .MapGet("/{address}", OffenderAsync)
            .WithName("GetOffender")
            .WithSummary("One of them, with its strikes and resets.")
            .RefusesWith(400, 401, 404, 429, 503);
        routes
            .MapPost("/{address}/reset", ResetOffenderAsync)
            .WithName("ResetOffender")
            .WithSummary("Waives what counts against an account, with a note that is kept.")
            .RefusesWith(400, 401, 409, 429, 503);
        routes
            .MapPost("/{address}/undo-reset", UndoOffenderResetAsync)
            .WithName("UndoOffenderReset")
            .WithSummary("Takes the last reset back: what it waived counts again. With a note that is kept.")
            .RefusesWith(400, 401, 409, 429, 503);
    }

    private static async Task<Results<Ok<OffenderDetail>, ProblemResult>> OffenderAsync(
        [AsParameters] OffenderRoute route,
        OffenderAdministration offenders,
        CancellationToken cancellationToken
    ) =>
        await offenders.FindAsync(route.Account, cancellationToken) is { } detail
            ? TypedResults.Ok(detail)
            : new ProblemResult(Problem.NotFound($"Nothing was ever held against {route.Account}."));

    private static async Task<Results<Ok<OffenderDetail>, ProblemResult>> ResetOffenderAsync(
        [AsParameters] OffenderRoute route,
        ResetOffenderRequest request,
        Operator by,
        OffenderAdministration offenders,
        CancellationToken cancellationToken
    ) => (await offenders.ResetAsync(route.Account, request, by, cancellationToken)).ToHttp();

    private static async Task<Results<Ok<OffenderDetail>, ProblemResult>> UndoOffenderResetAsync(
        [AsParameters] OffenderRoute route,
        UndoOffenderResetRequest request,
        Operator by,
        OffenderAdministration offenders,
        CancellationToken cancellationToken
    ) => (await offenders.UndoResetAsync(route.Account, request, by, cancellationToken)).ToHttp();

    private static async Task<Results<Ok<LeaderView>, ProblemResult>> LeaderAsync(
        HttpContext http,
        ClusterReader reader,
        AdminAccess access,
        CancellationToken cancellationToken,
        int shard = 0
    )
    {
        if (shard is < 0 or >= Shards.Maximum)
            return new ProblemResult(Problem.Malformed($"shard must be from 0 to {Shards.Maximum - 1}."));
        return await reader.LeaderAsync(shard, access.Allows(http), cancellationToken) is { } leader
            ? TypedResults.Ok(leader)
            : new ProblemResult(
                new Problem(ProblemCodes.NotLeader, "No node leads this shard of the matching engine.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                }
            );
    }
}
