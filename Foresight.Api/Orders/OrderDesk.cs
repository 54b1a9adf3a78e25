using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Api.Orders;

/// <param name="Result">The leader's word; null if there is a problem.</param>
public readonly record struct DeskAnswer<T>(T? Result, Problem? Problem, string? CommitLsn) where T : class
{
    public static implicit operator DeskAnswer<T>(Problem problem) => new(null, problem, null);
}

/// <summary>
/// Takes an order from the caller to the leader's journal: shape, market, bounds, signature, then the leader, wherever it is, until the
/// caller's deadline. Nothing is answered as done before the leader committed it.
/// </summary>
public sealed class OrderDesk
{
    public const int MaxIdempotencyKey = 128;

    private readonly MarketCatalog markets;
    private readonly SignatureCheck signatures;
    private readonly LeaderRouter router;
    private readonly OffenderGate offenders;
    private readonly OrderRefusals refusals;
    private readonly TimeProvider clock;
    private readonly Counter<long> decisions;

    public OrderDesk(
        MarketCatalog markets, SignatureCheck signatures, OffenderGate offenders, LeaderRouter router, OrderRefusals refusals,
        TimeProvider clock, IMeterFactory meters)
    {
        (this.markets, this.signatures, this.offenders, this.router, this.refusals, this.clock) =
            (markets, signatures, offenders, router, refusals, clock);
        decisions = meters.Create(MetricNames.Meter).CreateCounter<long>(
            MetricNames.ApiOrders, description: "Orders and cancels by what was answered.");
    }

    public async Task<DeskAnswer<PlaceOrderResponse>> PlaceAsync(
        PlaceOrderRequest request, string? idempotencyKey, DateTimeOffset deadline, CancellationToken cancellation)
    {
        var answer = await PlaceUncountedAsync(request, idempotencyKey, deadline, cancellation);
        Count("place", answer.Problem);
        return answer;
    }

    public async Task<DeskAnswer<CancelOrderResponse>> CancelAsync(
        CancelOrderRequest request, DateTimeOffset deadline, CancellationToken cancellation)
    {
        var answer = await CancelUncountedAsync(request, deadline, cancellation);
        Count("cancel", answer.Problem);
        return answer;
    }

    private async Task<DeskAnswer<PlaceOrderResponse>> PlaceUncountedAsync(
        PlaceOrderRequest request, string? idempotencyKey, DateTimeOffset deadline, CancellationToken cancellation)
    {
        if (OrderRules.ReadShape(request, out var address, out var message, out var signature) is { } shape) return shape;
        if (idempotencyKey is { } key && (key.Length is 0 or > MaxIdempotencyKey || key.Any(c => c is < '!' or > '~')))
            return Problem.Malformed($"Idempotency-Key must have 1 to {MaxIdempotencyKey} printable ASCII characters.");
        if (await markets.FindAsync(address, cancellation) is not { } market) return UnknownMarket(address);
        if (OrderRules.Check(request, market, message, signature, clock.GetUtcNow(), out var order) is { } bounds) return bounds;
        var refused = await signatures.CheckAsync(market.Domain, message.StructHash(), order!.Hash, signature, order.Maker, cancellation);
        if (refused is not null) return refused;
        if (await offenders.CheckAsync(order, cancellation) is { } limited) return limited;

        using var route = StartRoute(market.Id);
        route?.SetTag(SpanAttributes.OrderId, order.Hash.ToString());
        var command = new DoorCommand(
            RequestIdOf(order.Maker, idempotencyKey), DoorCommandKind.Place, deadline,
            Order: new DoorOrder(
                order.Hash.ToString(), order.Maker.ToLowerHex(), market.Id, (int)message.OutcomeIndex, message.IsBuy, order.Price.Ticks,
                order.Quantity.Lots,
                order.Salt.ToString(), order.ExpirySeconds, Hex.Encode(order.Signature), (int)order.TimeInForce, order.PostOnly,
                (int)order.SelfTradePrevention, order.ClientOrderId, idempotencyKey), Shard: market.Shard, TraceParent: TraceContext.Of(route));
        var result = await router.SendAsync(command, cancellation);
        route?.SetTag(SpanAttributes.Result, result.Status.ToString());
        return result.Status == DoorStatus.Accepted
            ? new DeskAnswer<PlaceOrderResponse>(ResponseOf(order, result), null, result.CommitLsn)
            : await refusals.OfOrderAsync(result, order, cancellation);
    }

    private async Task<DeskAnswer<CancelOrderResponse>> CancelUncountedAsync(
        CancelOrderRequest request, DateTimeOffset deadline, CancellationToken cancellation)
    {
        if (!Address.TryParse(request.Market, out var address)) return OrderRules.NotAMarket();
        if (!Address.TryParse(request.Maker, out var maker)) return OrderRules.NotAnAddress("maker");
        if (!OrderRules.TryReadInteger(request.Salt, out var salt)) return OrderRules.NotAnInteger("salt");
        if (!OrderRules.TryReadHex(request.Signature, out var signature))
            return Problem.Malformed("signature must be 0x and hexadecimal digits.");
        if (await markets.FindAsync(address, cancellation) is not { } market) return UnknownMarket(address);
        var message = new CancelSaltMessage(maker, salt);
        var digest = OrderSigning.CancelHash(market.Domain, message);
        if (await signatures.CheckAsync(market.Domain, message.StructHash(), digest, signature, maker, cancellation) is { } refused)
            return refused;

        using var route = StartRoute(market.Id);
        var command = new DoorCommand(
            Guid.NewGuid(), DoorCommandKind.CancelBySalt, deadline, Cancel: new DoorCancel(
                maker.ToLowerHex(), market.Id, Hash: null, salt.ToString()), Shard: market.Shard, TraceParent: TraceContext.Of(route));
        var result = await router.SendAsync(command, cancellation);
        route?.SetTag(SpanAttributes.Result, result.Status.ToString());
        return result.Status == DoorStatus.Accepted
            ? new DeskAnswer<CancelOrderResponse>(
                new CancelOrderResponse(result.Cancelled ?? [], result.Epoch, result.Sequence), null, result.CommitLsn)
            : await refusals.OfAsync(result, orderHash: null, market.Shard, cancellation);
    }

    /// <summary>
    /// Null for a request that is not sampled, or where nothing listens: then nothing of it travels, whatever its caller asked for.
    /// </summary>
    private static Activity? StartRoute(int market) => Activity.Current is { Recorded: true }
        ? ActivitySources.Api.StartActivity(SpanNames.Route)?.SetTag(SpanAttributes.MarketId, market)
        : null;

    /// <summary>
    /// The same key of the same maker names the same request, on every node and after any restart, so that the journal itself sees to it
    /// that it is done once. Without a key every HTTP request is a request of its own; the order's hash still keeps the order from coming
    /// twice.
    /// </summary>
    internal static Guid RequestIdOf(Address maker, string? idempotencyKey) =>
        idempotencyKey is null ? Guid.NewGuid() : new Guid(
            SHA256.HashData(Encoding.UTF8.GetBytes(maker.ToLowerHex() + "\n" + idempotencyKey)).AsSpan(0, 16));

    private static PlaceOrderResponse ResponseOf(CheckedOrder order, DoorResult result) => new(
        order.Hash.ToString(), result.OrderStatus ?? throw new UnreachableException("An accepted order has a status."),
        Decimals.Shares(order.Quantity.Lots), Decimals.Shares(result.FilledLots), Decimals.Shares(result.RemainingLots),
        [
            .. (result.Fills ?? []).Select(fill => new FillView(
                fill.TradeId, Decimals.Price(fill.PriceTicks), Decimals.Shares(fill.Lots), Names.OfLiquidity(fill.IsTaker),
                TradeStates.Matched)),
        ],
        result.Epoch, result.Sequence);

    private static Problem UnknownMarket(Address address) => new(ProblemCodes.InvalidMarket, $"No market has its contract at {address}.");

    private void Count(string action, Problem? problem) =>
        decisions.Add(
            1, new KeyValuePair<string, object?>("action", action), new KeyValuePair<string, object?>("code", problem?.Code ?? "accepted"));
}
