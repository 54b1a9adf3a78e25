using Foresight.Api.Operations.Firm;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Firm;

[Trait("Category", "Firm")]
public sealed class FirmRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(20);
    private static readonly ConfirmedTerms Terms = new(Now.AddMinutes(5), 100, Now.AddHours(-1));
    private static readonly UnsettledFirm Few = new(99, Now.AddMinutes(-1), Now.AddSeconds(-1));

    [Fact]
    public void WithinBothBounds_OrdersAreFirm() => Assert.Null(FirmRules.Refusal(Terms, Few, Delay, Now));

    [Fact]
    public void BeforeAnyTerms_NoneIs_AndSinceWhenIsNotKnown() =>
        Assert.Equal((FirmRefusals.NoTerms, null), FirmRules.Refusal(null, Few, Delay, Now));

    [Fact]
    public void FactsThatAreTooOld_CountFromTheEndOfTheTerms()
    {
        var until = Now.AddSeconds(-3);
        Assert.Equal((FirmRefusals.FactsTooOld, until), FirmRules.Refusal(Terms with { Until = until }, Few, Delay, Now));
        Assert.Null(FirmRules.Refusal(Terms with { Until = Now }, Few, Delay, Now));
    }

    [Fact]
    public void BoundThatIsReached_CountsFromTheNewestTrade_OrFromWhenItWasLowered()
    {
        var full = Few with { Trades = 100 };
        Assert.Equal((FirmRefusals.BoundReached, full.Newest), FirmRules.Refusal(Terms, full, Delay, Now));
        var lowered = Now.AddMilliseconds(-5);
        Assert.Equal((FirmRefusals.BoundReached, lowered), FirmRules.Refusal(Terms with { LoweredAt = lowered }, full, Delay, Now));
    }

    [Fact]
    public void TradeThatWaits_CountsFromTheQuarterOfTheDelay_UntilItHasSettled()
    {
        var none = Terms with { Trades = 0 };
        var waits = new UnsettledFirm(1, Now.AddMinutes(-6), Now.AddMinutes(-6));
        Assert.Equal((FirmRefusals.TradeWaits, Now.AddMinutes(-1)), FirmRules.Refusal(none, waits, Delay, Now));
        // Settled, and the shards do not have other terms yet.
        Assert.Equal((FirmRefusals.BoundReached, none.LoweredAt), FirmRules.Refusal(none, default, Delay, Now));
    }
}
