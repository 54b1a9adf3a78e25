using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Traders;

public sealed class OrderSignerTests
{
    private const int ChainId = 31337;

    private readonly Trader _trader = Trader.FromSeed(5, 1)[0];

    [Fact]
    public void SignedOrder_IsNamedByTheHashThatItsMakerSigned()
    {
        var intent = new OrderIntent(
            TestMarkets.Binary,
            1,
            Side.Sell,
            new Price(1234),
            new Quantity(77),
            TimeInForce.GoodTilDate,
            false,
            DateTimeOffset.UnixEpoch.AddYears(70)
        );
        var signed = new OrderSigner(ChainId).Sign(_trader, intent);
        Assert.Equal(
            ("123400", "770000000000000000", false),
            (signed.Request.Order.Price, signed.Request.Order.Amount, signed.Request.Order.IsBuy)
        );
        var hash = Hash32.Parse(signed.OrderId);
        var signature = Convert.FromHexString(signed.Request.Signature[2..]);
        Assert.True(OrderSigning.Check(hash, signature, _trader.Address).IsValid);
    }

    [Fact]
    public void ACancel_IsSignedByTheMaker_ForTheSaltOfItsOrder()
    {
        var signer = new OrderSigner(ChainId);
        var placement = signer.Sign(_trader, Intent());
        var cancel = signer.SignCancel(_trader, placement);
        Assert.Equal((placement.Request.Market, placement.Request.Order.Salt), (cancel.Market, cancel.Salt));
        var domain = TypedDataDomain.OfMarket(ChainId, Address.Parse(cancel.Market));
        var expected = OrderSigning.Sign(domain, new CancelSaltMessage(_trader.Address, BigInteger.Parse(cancel.Salt)), _trader.Key);
        Assert.Equal(Hex.Encode(expected), cancel.Signature);
    }

    /// <summary>The exchange identifies an order by its hash, so the same hash in a later run would be a duplicate.</summary>
    [Fact]
    public void TheSameIntent_IsAnotherOrderEachTime_AlsoInAnotherRun()
    {
        var signer = new OrderSigner(ChainId);
        var again = Trader.FromSeed(5, 1)[0];
        Assert.Equal(_trader.Address, again.Address);
        Assert.Distinct(new[] { _trader, _trader, again }.Select(trader => signer.Sign(trader, Intent()).OrderId));
    }

    [Theory]
    [InlineData(TimeInForce.GoodTilCancelled, "GTC")]
    [InlineData(TimeInForce.GoodTilDate, "GTD")]
    [InlineData(TimeInForce.ImmediateOrCancel, "IOC")]
    [InlineData(TimeInForce.FillOrKill, "FOK")]
    public void ATimeInForce_HasItsNameOnTheWire(TimeInForce timeInForce, string name) =>
        Assert.Equal(name, new OrderSigner(ChainId).Sign(_trader, Intent() with { TimeInForce = timeInForce }).Request.TimeInForce);

    private static OrderIntent Intent() => new(TestMarkets.Binary, 0, Side.Buy, new Price(5000), new Quantity(100));
}
