using Foresight.Api.Access;
using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Cluster.Offenders;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Microsoft.AspNetCore.Builder;

public static class OrderEndpoints
{
    public static WebApplicationBuilder AddOrders(this WebApplicationBuilder builder)
    {
        builder.AddWallets();
        builder.Services.AddSingleton<AnnouncedKeys>();
        builder.Services.AddSingleton<SignatureCheck>();
        builder.Services.AddSingleton<OrderReader>();
        builder.Services.AddSingleton(OffenderOptions.From(builder.Configuration));
        builder.Services.AddSingleton<OffenderGate>();
        builder.Services.AddSingleton<OrderRefusals>();
        builder.Services.AddSingleton<OrderService>();
        return builder;
    }

    public static WebApplication MapOrders(this WebApplication app)
    {
        var orders = app.MapGroup("/orders").WithTags("Orders").ChecksParameters().RefusesUnknownQueries();
        orders
            .MapPost("", PlaceAsync)
            .WithName("PlaceOrder")
            .WithSummary("Places a signed order. Answered after it is durable; identified by its EIP-712 hash.")
            .RefusesWith(202, 400, 409, 413, 415, 422, 429, 503);
        orders
            .MapPost("/cancel", CancelAsync)
            .WithName("CancelOrders")
            .HasLimitOfCancels()
            .WithSummary("Cancels all orders of a maker in a market that were signed with one salt.")
            .RefusesWith(202, 400, 404, 413, 415, 422, 429, 503);
        orders.MapGet("/{hash}", FindAsync).WithName("GetOrder").WithSummary("One order, with its fills.").RefusesWith(400, 404, 503);
        orders
            .MapGet("", ListAsync)
            .WithName("ListOrders")
            .WithSummary("Orders, newest first, by maker, market and status.")
            .RefusesWith(400, 422, 503);
        return app;
    }

    private static async Task<Results<Created<PlaceOrderResponse>, ProblemResult>> PlaceAsync(
        PlaceOrderRequest request,
        HttpContext http,
        OrderService service,
        RequestDeadline deadline,
        TimeProvider clock,
        CancellationToken cancellationToken,
        [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey = null
    )
    {
        var (placed, problem, lsn) = await service.PlaceAsync(
            request,
            idempotencyKey,
            clock.GetUtcNow(),
            deadline.At(clock),
            CallerAddress.Of(http),
            cancellationToken
        );
        if (problem is not null)
            return Refuse(http, problem);
        if (lsn is not null)
            http.Response.Headers[ApiHeaders.Lsn] = lsn;
        return TypedResults.Created($"/orders/{placed!.OrderId}", placed);
    }

    private static async Task<Results<Ok<CancelOrderResponse>, ProblemResult>> CancelAsync(
        CancelOrderRequest request,
        HttpContext http,
        OrderService service,
        RequestDeadline deadline,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var (cancelled, problem, lsn) = await service.CancelAsync(request, deadline.At(clock), CallerAddress.Of(http), cancellationToken);
        if (problem is not null)
            return Refuse(http, problem);
        if (lsn is not null)
            http.Response.Headers[ApiHeaders.Lsn] = lsn;
        return TypedResults.Ok(cancelled!);
    }

    private static ProblemResult Refuse(HttpContext http, Problem problem)
    {
        // The outcome is still open, so the caller gets the URL at which it will appear.
        if (problem.Code == ProblemCodes.InDoubt && problem.More.TryGetValue("orderId", out var id))
            http.Response.Headers.Location = $"/orders/{id}";
        return new ProblemResult(problem);
    }

    private static async Task<Results<Ok<OrderView>, ProblemResult>> FindAsync(
        [AsParameters] OrderRoute route,
        ReadAfter after,
        OrderReader reader,
        CancellationToken cancellationToken
    ) =>
        await reader.FindAsync(route.Id, after.Position, fromPrimary: false, cancellationToken) is { } order
            ? TypedResults.Ok(order)
            : new ProblemResult(Problem.NotFound($"No order has the id {route.Id}."));

    private static async Task<Results<Ok<Page<OrderView>>, ProblemResult>> ListAsync(
        [AsParameters] OrderListParameters wanted,
        [AsParameters] PageParameters page,
        ReadAfter after,
        OrderReader reader,
        CancellationToken cancellationToken
    )
    {
        if (wanted.Market is { } id && !await reader.KnowsMarketAsync(id, cancellationToken))
            return new ProblemResult(MarketEndpoints.Unknown(id));
        return TypedResults.Ok(await reader.ListAsync(wanted.Filter, page.Size, page.Before, after.Position, cancellationToken));
    }
}
