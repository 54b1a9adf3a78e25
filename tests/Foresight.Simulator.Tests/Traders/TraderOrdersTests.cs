using Foresight.Client;
using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Traders;

public sealed class TraderOrdersTests
{
    private readonly OrderSigner _signer = new(chainId: 31337);
    private readonly Trader _trader = Trader.FromSeed(5, 1)[0];

    [Fact]
    public void AnIntent_IsSignedInTheContractsUnits()
    {
        var expiry = DateTimeOffset.UnixEpoch.AddYears(70);
        var intent = new OrderIntent(
            TestMarkets.Binary,
            1,
            Side.Sell,
            new Price(1234),
            new Quantity(77),
            TimeInForce.GoodTilDate,
            PostOnly: true,
            expiry
        );
        var request = _signer.Sign(_trader, intent).Request;
        Assert.Equal((1, false), (request.Order.OutcomeIndex, request.Order.IsBuy));
        Assert.Equal(("123400", "770000000000000000"), (request.Order.Price, request.Order.Amount));
        Assert.Equal(
            (TestMarkets.Binary.Address, true, $"{expiry.ToUnixTimeSeconds()}"),
            (request.Market, request.PostOnly, request.Order.Expiry)
        );
    }

    /// <summary>The exchange identifies an order by its hash, so the same hash in a later run would be a duplicate.</summary>
    [Fact]
    public void TheSameIntent_IsAnotherOrderEachTime_AlsoInAnotherRun()
    {
        var again = Trader.FromSeed(5, 1)[0];
        Assert.Equal(_trader.Address, again.Address);
        Assert.Distinct(new[] { _trader, _trader, again }.Select(trader => _signer.Sign(trader, Intent()).OrderId));
    }

    [Theory]
    [InlineData(TimeInForce.GoodTilCancelled, "GTC")]
    [InlineData(TimeInForce.GoodTilDate, "GTD")]
    [InlineData(TimeInForce.ImmediateOrCancel, "IOC")]
    [InlineData(TimeInForce.FillOrKill, "FOK")]
    public void ATimeInForce_HasItsNameOnTheWire(TimeInForce timeInForce, string name) =>
        Assert.Equal(name, _signer.Sign(_trader, Intent() with { TimeInForce = timeInForce }).Request.TimeInForce);

    private static OrderIntent Intent() => new(TestMarkets.Binary, 0, Side.Buy, new Price(5000), new Quantity(100));
}
