using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Offenders;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Microsoft.AspNetCore.Builder;

public static class OrderEndpoints
{
    public static WebApplicationBuilder AddOrders(this WebApplicationBuilder builder)
    {
        builder.AddWallets();
        builder.Services.AddSingleton<SignatureCheck>();
        builder.Services.AddSingleton<OrderReader>();
        builder.Services.AddSingleton(OffenderOptions.From(builder.Configuration));
        builder.Services.AddSingleton<OffenderGate>();
        builder.Services.AddSingleton<OrderRefusals>();
        builder.Services.AddSingleton<OrderDesk>();
        return builder;
    }

    public static WebApplication MapOrders(this WebApplication app)
    {
        var orders = app.MapGroup("/orders").WithTags("Orders");
        orders.MapPost("", PlaceAsync).WithName("PlaceOrder")
            .WithSummary("Places a signed order. Answered after it is durable; identified by its EIP-712 hash.")
            .RefusesWith(202, 400, 409, 413, 415, 422, 429, 503);
        orders.MapPost("/cancel", CancelAsync).WithName("CancelOrders")
            .WithSummary("Cancels all orders of a maker in a market that were signed with one salt.")
            .RefusesWith(202, 400, 404, 413, 415, 422, 429, 503);
        orders.MapGet("/{hash}", FindAsync).WithName("GetOrder").WithSummary("One order, with its fills.").RefusesWith(400, 404, 503);
        orders.MapGet("", ListAsync).WithName("ListOrders")
            .WithSummary("Orders, newest first, by maker, market and status.").RefusesWith(400, 422, 503);
        return app;
    }

    private static async Task<Results<Created<PlaceOrderResponse>, ProblemResult>> PlaceAsync(
        PlaceOrderRequest request, HttpContext http, OrderDesk desk, TimeProvider clock, CancellationToken cancellation,
        [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey = null)
    {
        if (RequestReading.ReadDeadline(http.Request, clock.GetUtcNow(), out var deadline) is { } malformed)
            return new ProblemResult(malformed);
        var (placed, problem, lsn) = await desk.PlaceAsync(request, idempotencyKey, deadline, cancellation);
        if (problem is not null) return Refuse(http, problem);
        if (lsn is not null) http.Response.Headers[RequestReading.LsnHeader] = lsn;
        return TypedResults.Created($"/orders/{placed!.OrderId}", placed);
    }

    private static async Task<Results<Ok<CancelOrderResponse>, ProblemResult>> CancelAsync(
        CancelOrderRequest request, HttpContext http, OrderDesk desk, TimeProvider clock, CancellationToken cancellation)
    {
        if (RequestReading.ReadDeadline(http.Request, clock.GetUtcNow(), out var deadline) is { } malformed)
            return new ProblemResult(malformed);
        var (cancelled, problem, lsn) = await desk.CancelAsync(request, deadline, cancellation);
        if (problem is not null) return Refuse(http, problem);
        if (lsn is not null) http.Response.Headers[RequestReading.LsnHeader] = lsn;
        return TypedResults.Ok(cancelled!);
    }

    private static ProblemResult Refuse(HttpContext http, Problem problem)
    {
        // Where the answer will be found, when it is not known yet.
        if (problem.Code == ProblemCodes.InDoubt && problem.More.TryGetValue("orderId", out var id))
            http.Response.Headers.Location = $"/orders/{id}";
        return new ProblemResult(problem);
    }

    private static async Task<Results<Ok<OrderView>, ProblemResult>> FindAsync(
        string hash, HttpContext http, OrderReader reader, CancellationToken cancellation)
    {
        if (!Hash32.TryParse(hash, out var id))
            return new ProblemResult(Problem.Malformed("An order's id is 0x and 64 hexadecimal digits."));
        if (RequestReading.ReadLsn(http.Request, out var after) is { } malformed) return new ProblemResult(malformed);
        var order = await reader.FindAsync(id, after, fromPrimary: false, cancellation);
        return order is null ? new ProblemResult(Problem.NotFound($"No order has the id {id}.")) : TypedResults.Ok(order);
    }

    private static async Task<Results<Ok<Page<OrderView>>, ProblemResult>> ListAsync(
        HttpContext http, OrderReader reader, CancellationToken cancellation,
        string? maker = null, int? market = null, string? status = null, int? limit = null, string? cursor = null)
    {
        var address = default(Address);
        if (maker is not null && !Address.TryParse(maker, out address)) return new ProblemResult(OrderRules.NotAnAddress("maker"));
        var wanted = status is null ? null : Names.OrderStatusOf(status);
        if (status is not null && wanted is null)
            return new ProblemResult(Problem.Malformed("status must be open, partially_filled, filled, cancelled, expired or rejected."));
        if (RequestReading.ReadPage(limit, cursor, out var size, out var before) is { } page) return new ProblemResult(page);
        if (RequestReading.ReadLsn(http.Request, out var after) is { } malformed) return new ProblemResult(malformed);
        if (market is { } id && !await reader.KnowsMarketAsync(id, cancellation)) return new ProblemResult(MarketEndpoints.Unknown(id));
        return TypedResults.Ok(
            await reader.ListAsync(new OrderFilter(maker is null ? null : address, market, wanted), size, before, after, cancellation));
    }
}
