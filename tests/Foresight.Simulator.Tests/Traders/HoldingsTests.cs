using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Traders;

public sealed class HoldingsTests
{
    [Fact]
    public void TraderWithoutShares_BuysTheOtherOutcome_AndWithThemSells()
    {
        var holdings = new Holdings();
        holdings.Refresh(Account(("USDC", "100")));
        var sell = new OrderIntent(TestMarkets.Binary, 0, Side.Sell, new Price(6000), new Quantity(1000));
        Assert.Equal(sell with { Outcome = 1, Side = Side.Buy, Price = new Price(4000) }, holdings.Afford(sell));

        holdings.Refresh(Account(("USDC", "100"), ("1:0", "10")));
        Assert.Equal(sell, holdings.Afford(sell));
        holdings.Reserve(sell);
        Assert.Equal(Side.Buy, holdings.Afford(sell)!.Side);
        Assert.Null(holdings.Afford(sell with { Quantity = new Quantity(1_000_000) }));
        Assert.Null(holdings.Afford(sell with { Market = TestMarkets.ThreeWay }));
    }

    [Fact]
    public void WhatWasReserved_IsMissingUntilTheNextRefresh()
    {
        var holdings = new Holdings();
        holdings.Refresh(Account(("USDC", "100.25")));
        // 100 shares at 0.4 USDC.
        holdings.Reserve(new OrderIntent(TestMarkets.Binary, 0, Side.Buy, new Price(4000), new Quantity(10_000)));
        Assert.Equal(60_250_000, holdings.UsdcMicros);
        holdings.Refresh(Account(("USDC", "99")));
        Assert.Equal(99_000_000, holdings.UsdcMicros);
    }

    private static AccountView Account(params (string Asset, string Available)[] balances) =>
        new("0x", 1, [.. balances.Select(b => new BalanceView(b.Asset, b.Available, "0", "0", b.Available))]);
}
