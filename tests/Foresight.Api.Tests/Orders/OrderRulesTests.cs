using System.Numerics;
using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Orders;

public sealed class OrderRulesTests
{
    private static readonly Address MarketAddress = Address.Parse("0x1111111111111111111111111111111111111111");
    private const int MarginSeconds = 60;

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    private static readonly Market TenTicks = new(
        1,
        MarketAddress,
        "?",
        ["Yes", "No"],
        TickSize: 10,
        State: 0,
        ClosesAt: null,
        ResolvedOutcome: null,
        TypedDataDomain.OfMarket(31337, MarketAddress)
    );

    private static readonly PlaceOrderRequest Good = new(
        MarketAddress.ToString(),
        new SignedOrder("0x2222222222222222222222222222222222222222", 1, true, "550000", "12500000000000000000", "7", "0"),
        "0x" + new string('1', 130)
    );

    [Fact]
    public void AGoodOrder_HasItsUnits()
    {
        var (problem, order) = Check(Good);
        Assert.Null(problem);
        Assert.Equal((5500, 1250L), (order!.PriceTicks, order.Lots));
        Assert.Equal(
            OrderSigning.OrderHash(TenTicks.Domain, OrderMessage.OfUnits(Address.Parse(order.Maker), 1, true, 5500, 1250, 7, 0)).ToString(),
            order.Hash
        );
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("115792089237316195423570985008687907853269984665640564039457584007913129639935")]
    public void TryReadInteger_TakesUnsigned256BitDecimals(string text)
    {
        Assert.True(OrderRules.TryReadInteger(text, out var value));
        Assert.Equal(text, value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("01")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("1E400")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("１２")]
    [InlineData("٣")]
    [InlineData("1_000")]
    [InlineData("115792089237316195423570985008687907853269984665640564039457584007913129639936")]
    public void TryReadInteger_TakesNothingElse(string text) => Assert.False(OrderRules.TryReadInteger(text, out _));

    public static TheoryData<string, PlaceOrderRequest> Bad() =>
        new()
        {
            { "invalid_market", Good with { Market = "0x11" } },
            { "invalid_market", Good with { Market = "1111111111111111111111111111111111111111" } },
            { "malformed_request", Good with { Signature = "0xzz" } },
            { "malformed_request", Good with { Signature = "0x123" } },
            { "malformed_request", Good with { Signature = "0x" + new string('1', 20_000) } },
            { "malformed_request", Good with { ClientOrderId = new string('x', 65) } },
            { "malformed_request", Good with { ClientOrderId = "a\nb" } },
            { "malformed_request", Good with { SelfTradePrevention = "none" } },
            { "malformed_request", Good with { Order = Good.Order with { Maker = "me" } } },
            { "malformed_request", Good with { Order = Good.Order with { Price = "0.55" } } },
            { "malformed_request", Good with { Order = Good.Order with { Salt = "-1" } } },
            { "malformed_request", Good with { Order = Good.Order with { Expiry = "999999999999999" } } },
            { "invalid_outcome", Good with { Order = Good.Order with { OutcomeIndex = 2 } } },
            { "invalid_outcome", Good with { Order = Good.Order with { OutcomeIndex = -1 } } },
            { "invalid_price", Good with { Order = Good.Order with { Price = "0" } } },
            { "invalid_price", Good with { Order = Good.Order with { Price = "99" } } },
            { "invalid_price", Good with { Order = Good.Order with { Price = "1000000" } } },
            { "invalid_price", Good with { Order = Good.Order with { Price = BigInteger.Pow(10, 70).ToString() } } },
            { "invalid_tick", Good with { Order = Good.Order with { Price = "550100" } } },
            { "invalid_tick", Good with { Order = Good.Order with { Price = "550001" } } },
            { "invalid_amount", Good with { Order = Good.Order with { Amount = "0" } } },
            { "invalid_amount", Good with { Order = Good.Order with { Amount = "12500000000000000001" } } },
            { "invalid_amount", Good with { Order = Good.Order with { Amount = "10000000000010000000000000000" } } },
            { "invalid_amount", Good with { Order = Good.Order with { Amount = BigInteger.Pow(10, 77).ToString() } } },
            { "invalid_time_in_force", Good with { TimeInForce = "DAY" } },
            { "invalid_time_in_force", Good with { TimeInForce = "gtc" } },
            { "invalid_time_in_force", Good with { TimeInForce = "GTD" } },
            { "invalid_time_in_force", Good with { TimeInForce = "IOC", PostOnly = true } },
            { "invalid_time_in_force", Good with { TimeInForce = "FOK", PostOnly = true } },
            { "order_expired", Good with { Order = Good.Order with { Expiry = "1800000000" } } },
            { "expiry_too_soon", Good with { Order = Good.Order with { Expiry = "1800000001" } } },
            { "expiry_too_soon", Good with { Order = Good.Order with { Expiry = "1800000060" } } },
            // Of several faults the first in the documented order is reported.
            { "invalid_price", Good with { Order = Good.Order with { Price = "0", Amount = "0", Expiry = "1" } } },
        };

    [Theory]
    [MemberData(nameof(Bad))]
    public void ABadOrder_IsRefusedWithItsCode(string code, PlaceOrderRequest request)
    {
        var (problem, order) = Check(request);
        Assert.Equal(code, problem?.Code);
        Assert.Null(order);
    }

    [Trait("Category", "Trust")]
    [Fact]
    public void AnOrderWithMoreThanTheMarginLeft_IsGood() =>
        Assert.Equal(1_800_000_061, Check(Good with { Order = Good.Order with { Expiry = "1800000061" } }).Order!.ExpirySeconds);

    [Theory]
    [InlineData("10000000000000000", 1L)]
    [InlineData("10000000000000000000000000000", 1_000_000_000_000L)]
    public void TheSmallestAndTheLargestAmount_AreGood(string amount, long lots) =>
        Assert.Equal(lots, Check(Good with { Order = Good.Order with { Amount = amount } }).Order!.Lots);

    private static (Problem? Problem, PlaceOrder? Order) Check(PlaceOrderRequest request)
    {
        if (OrderRules.ReadShape(request, out _, out var message, out var signature) is { } shape)
            return (shape, null);
        if (OrderRules.Check(request, TenTicks, message, Now, MarginSeconds) is { } problem)
            return (problem, null);
        var hash = OrderSigning.OrderHash(TenTicks.Domain, message);
        return (null, OrderRules.CommandOf(Guid.NewGuid(), request, TenTicks, message, hash, signature));
    }
}
