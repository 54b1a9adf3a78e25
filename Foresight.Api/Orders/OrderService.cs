using System.Diagnostics;
using System.Diagnostics.Metrics;
using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Cluster;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Api.Orders;

public readonly record struct OrderResult<T>(T? Result, Problem? Problem, string? CommitLsn)
    where T : class
{
    public static implicit operator OrderResult<T>(Problem problem) => new(null, problem, null);
}

/// <summary>Reports success only after the leader has committed, because a failover would undo anything less.</summary>
public sealed class OrderService
{
    public const int MaxIdempotencyKey = 128;

    private readonly MarketCatalog _markets;
    private readonly SignatureCheck _signatures;
    private readonly LeaderRouter _router;
    private readonly OffenderGate _offenders;
    private readonly OrderRefusals _refusals;
    private readonly Counter<long> _decisions;

    public OrderService(
        MarketCatalog markets,
        SignatureCheck signatures,
        OffenderGate offenders,
        LeaderRouter router,
        OrderRefusals refusals,
        IMeterFactory meters
    )
    {
        (_markets, _signatures, _offenders, _router, _refusals) = (markets, signatures, offenders, router, refusals);
        _decisions = meters
            .Create(MetricNames.Meter)
            .CreateCounter<long>(MetricNames.ApiOrders, description: "Orders and cancels by what was answered.");
    }

    public async Task<OrderResult<PlaceOrderResponse>> PlaceAsync(
        PlaceOrderRequest request,
        string? idempotencyKey,
        DateTimeOffset now,
        DateTimeOffset deadline,
        string caller,
        CancellationToken cancellationToken
    )
    {
        var answer = await PlaceUncountedAsync(request, idempotencyKey, now, deadline, caller, cancellationToken);
        Count("place", answer.Problem);
        return answer;
    }

    public async Task<OrderResult<CancelOrderResponse>> CancelAsync(
        CancelOrderRequest request,
        DateTimeOffset deadline,
        string caller,
        CancellationToken cancellationToken
    )
    {
        var answer = await CancelUncountedAsync(request, deadline, caller, cancellationToken);
        Count("cancel", answer.Problem);
        return answer;
    }

    private async Task<OrderResult<PlaceOrderResponse>> PlaceUncountedAsync(
        PlaceOrderRequest request,
        string? idempotencyKey,
        DateTimeOffset now,
        DateTimeOffset deadline,
        string caller,
        CancellationToken cancellationToken
    )
    {
        if (OrderRules.ReadShape(request, out var address, out var message, out var signature) is { } shape)
            return shape;
        if (idempotencyKey is { } key && (key.Length is 0 or > MaxIdempotencyKey || key.Any(c => c is < '!' or > '~')))
            return Problem.Malformed($"Idempotency-Key must have 1 to {MaxIdempotencyKey} printable ASCII characters.");
        if (await _markets.FindAsync(address, cancellationToken) is not { } market)
            return UnknownMarket(address);
        if (OrderRules.Check(request, market, message, now, _markets.ExpiryMarginSeconds) is { } bounds)
            return bounds;
        var structHash = message.StructHash();
        var hash = market.Domain.Digest(structHash);
        var question = new WalletQuestion(message.Maker, hash, signature, IsCancel: false, caller);
        var mayBeByKey = request.Purse != Purses.Wallet;
        var signed = await _signatures.CheckAsync(market.Domain, structHash, question, cancellationToken, mayBeByKey);
        if (signed.Problem is { } refused)
            return refused;
        if (signed.ByContract && (request.Purse == Purses.Vault || request.FirmOnly))
            return Problem.Malformed(
                "An order that a contract signs is paid from the wallet: for the vault the market asks the key that was registered there."
            );
        var order = OrderRules.CommandOf(RequestIdOf(message.Maker, idempotencyKey), request, market, message, hash, signed.Bytes);
        order = order with
        {
            Purse = signed.ByContract ? (int)PurseChoice.Wallet : order.Purse,
            Deadline = deadline,
            IdempotencyKey = idempotencyKey,
            SignedByContract = signed.ByContract,
            SigningKey = signed.ByKey?.ToLowerHex(),
        };
        if (await _offenders.CheckAsync(message.Maker, (long)order.PriceTicks * order.Lots, cancellationToken) is { } limited)
            return limited;

        var result = await SendAsync(order, market, hash, cancellationToken);
        if (MayBeOfWallet(order, result))
        {
            var ofWallet = await _signatures.CheckAsync(market.Domain, structHash, question, cancellationToken);
            if (ofWallet.ByContract)
            {
                // With the purse that was asked for, which is bound to the order: the leader takes it for one of the wallet nevertheless.
                order = order with
                {
                    Signature = Hex.Encode(ofWallet.Bytes),
                    SignedByContract = true,
                    SigningKey = null,
                };
                result = await SendAsync(order, market, hash, cancellationToken);
            }
        }

        return result.Status == ResultStatus.Accepted
            ? new OrderResult<PlaceOrderResponse>(ResponseOf(order, result), null, result.CommitLsn)
            : await _refusals.OfOrderAsync(result, market, message, hash, IsOfWallet(order), cancellationToken);
    }

    private static bool IsOfWallet(PlaceOrder order) => order.Purse != (int)PurseChoice.Vault && order.SigningKey is null;

    /// <summary>
    /// A registered key signs for the vault alone. Where that cannot pay an order that leaves the choice, its maker's contract may accept
    /// the same signature for the wallet. Only a refusal without a place in the journal has left no trace.
    /// </summary>
    private static bool MayBeOfWallet(PlaceOrder order, CommandResult result) =>
        order is { SigningKey: not null, Purse: (int)PurseChoice.Either, FirmOnly: false }
        && result is { Status: ResultStatus.Rejected, Sequence: 0 }
        && result.Code is ProblemCodes.InsufficientBalance or ProblemCodes.FirmUnavailable or ProblemCodes.SigningKeyNotInForce;

    private async Task<OrderResult<CancelOrderResponse>> CancelUncountedAsync(
        CancelOrderRequest request,
        DateTimeOffset deadline,
        string caller,
        CancellationToken cancellationToken
    )
    {
        if (!Address.TryParse(request.Market, out var address))
            return OrderRules.NotAMarket();
        if (!Address.TryParse(request.Maker, out var maker))
            return OrderRules.NotAnAddress("maker");
        if (!OrderRules.TryReadInteger(request.Salt, out var salt))
            return OrderRules.NotAnInteger("salt");
        if (!OrderRules.TryReadHex(request.Signature, out var signature))
            return Problem.Malformed("signature must be 0x and hexadecimal digits.");
        if (await _markets.FindAsync(address, cancellationToken) is not { } market)
            return UnknownMarket(address);
        var message = new CancelSaltMessage(maker, salt);
        var digest = OrderSigning.CancelHash(market.Domain, message);
        var question = new WalletQuestion(maker, digest, signature, IsCancel: true, caller);
        var signed = await _signatures.CheckAsync(market.Domain, message.StructHash(), question, cancellationToken, mayBeByKey: true);
        if (signed.Problem is { } refused)
            return refused;

        var command = new CancelBySalt(maker.ToLowerHex(), market.Id, salt.ToString())
        {
            RequestId = Guid.NewGuid(),
            Deadline = deadline,
            Shard = market.Shard,
            Signature = Hex.Encode(signed.Bytes),
            SignedByContract = signed.ByContract,
            SigningKey = signed.ByKey?.ToLowerHex(),
        };
        var result = await SendAsync(command, market, orderHash: null, cancellationToken);
        // A duplicate is a cancel of a salt that was cancelled before, so it counts as done.
        return result.Status is ResultStatus.Accepted or ResultStatus.Duplicate
            ? new OrderResult<CancelOrderResponse>(
                new CancelOrderResponse(result.Cancelled ?? [], result.Epoch, result.Sequence),
                null,
                result.CommitLsn
            )
            : await _refusals.OfAsync(result, orderHash: null, market.Shard, cancellationToken);
    }

    private async Task<CommandResult> SendAsync(
        LeaderCommand command,
        Market market,
        Hash32? orderHash,
        CancellationToken cancellationToken
    )
    {
        // Without a span for the route nothing is propagated, so a request that is not sampled costs nothing downstream, whatever its
        // traceparent asked for.
        using var route = Activity.Current is { Recorded: true } ? ActivitySources.Api.StartActivity(SpanNames.Route) : null;
        route?.SetTag(SpanAttributes.MarketId, market.Id);
        if (orderHash is { } hash)
            route?.SetTag(SpanAttributes.OrderId, hash.ToString());
        var result = await _router.SendAsync(
            route is null ? command : command with { TraceParent = TraceContext.Of(route) },
            cancellationToken
        );
        route?.SetTag(SpanAttributes.Result, result.Status.ToString());
        return result;
    }

    /// <summary>
    /// Without a key each HTTP request has an id of its own; the order hash still prevents the same order from being placed twice.
    /// </summary>
    internal static Guid RequestIdOf(Address maker, string? idempotencyKey) =>
        idempotencyKey is null ? Guid.NewGuid() : RequestIds.OfKey(maker.ToLowerHex(), idempotencyKey);

    private static PlaceOrderResponse ResponseOf(PlaceOrder order, CommandResult result) =>
        new(
            order.Hash,
            result.OrderStatus ?? throw new UnreachableException("An accepted order has a status."),
            Decimals.Shares(order.Lots),
            Decimals.Shares(result.FilledLots),
            Decimals.Shares(result.RemainingLots),
            [
                .. (result.Fills ?? []).Select(fill => new FillView(
                    fill.TradeId,
                    Decimals.Price(fill.PriceTicks),
                    Decimals.Shares(fill.Lots),
                    Names.OfLiquidity(fill.IsTaker),
                    TradeStates.Matched
                )),
            ],
            result.Epoch,
            result.Sequence
        );

    private static Problem UnknownMarket(Address address) => new(ProblemCodes.InvalidMarket, $"No market has its contract at {address}.");

    private void Count(string action, Problem? problem) =>
        _decisions.Add(
            1,
            new KeyValuePair<string, object?>("action", action),
            new KeyValuePair<string, object?>("code", problem?.Code ?? "accepted")
        );
}
