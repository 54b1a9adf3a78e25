using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Engine;

public sealed class EdgeTests
{
    [Fact]
    public void Apply_OutOfSequence_Throws()
    {
        var engine = new ExchangeEngine();
        var events = new Support.RecordedEvents();
        foreach (var sequence in (long[])[0, 2, -1, long.MaxValue])
            Assert.Throws<InvalidOperationException>(() =>
                engine.Apply(new Command { Kind = CommandKind.ExpireOrders, Sequence = sequence }, ref events)
            );
    }

    [Fact]
    public void Apply_OfNoKnownKind_Throws()
    {
        var engine = new ExchangeEngine();
        var events = new Support.RecordedEvents();
        Assert.Throws<InvalidOperationException>(() => engine.Apply(new Command { Sequence = 1 }, ref events));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(65_536)]
    public void Shard_OutOfRange_Throws(int shard) => Assert.Throws<ArgumentOutOfRangeException>(() => new ExchangeEngine(shard));

    [Fact]
    public void Ids_CarryTheShard_AndAnotherShardsIdsAreUnknown()
    {
        var harness = new Harness(shard: 65_535).List().Fund(1, 100_000);
        var accepted = Assert.IsType<OrderAccepted>(harness.Apply(Harness.Order(1, Side.Buy, 100, 10))[0]);
        Assert.Equal(0xFFFFL, (accepted.Order.Value >> 48) & 0xFFFF);
        Assert.Equal(3, accepted.Order.Value & 0xFFFF_FFFF_FFFF);
        Assert.Equal(
            RejectReason.UnknownOrder,
            harness.Reason(
                new Command
                {
                    Kind = CommandKind.CancelOrder,
                    Order = new OrderId(3),
                    Account = new AccountId(1),
                }
            )
        );
        Assert.True(harness.Engine.TryGetOpenOrder(accepted.Order, out var remaining));
        Assert.Equal(10, remaining.Lots);
        Assert.Equal(
            RejectReason.None,
            harness.Reason(
                new Command
                {
                    Kind = CommandKind.CancelOrder,
                    Order = accepted.Order,
                    Account = new AccountId(1),
                }
            )
        );
    }

    [Fact]
    public void LargestOrderAtTheHighestPrice_IsHeldExactly()
    {
        var harness = new Harness().List().Fund(1, ExchangeLimits.OwnedUnits);
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(1, Side.Buy, Price.MaxTicks, Quantity.MaxLots)));
        Assert.Equal(9_999_000_000_000_000, harness.Collateral(1).OrderHold);
        for (var i = 0; i < 9; i++)
            Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(1, Side.Buy, Price.MaxTicks, Quantity.MaxLots)));
        // Ten orders leave 10,000 micro-USDC, so the next one does not fit, and its check must not overflow.
        Assert.Equal(RejectReason.InsufficientBalance, harness.Reason(Harness.Order(1, Side.Buy, Price.MaxTicks, Quantity.MaxLots)));
        Assert.Equal(10_000_000_000_000, harness.Collateral(1).Available);
    }

    [Fact]
    public void Level_HoldsMoreThan32Bits()
    {
        var harness = new Harness().List().Fund(1, ExchangeLimits.OwnedUnits);
        for (var i = 0; i < 5; i++)
            harness.Apply(Harness.Order(1, Side.Buy, 1, Quantity.MaxLots));
        Assert.Equal(5 * Quantity.MaxLots, harness.Engine.LevelQuantity(new MarketId(1), 0, Side.Buy, new Price(1)).Lots);
        Assert.Equal(5 * Quantity.MaxLots, harness.Engine.LevelQuantity(new MarketId(1), 1, Side.Sell, new Price(9999)).Lots);
    }

    [Fact]
    public void Settle_WhereTheReceiverWouldOwnMoreThan64Bits_IsRefusedAndChangesNothing()
    {
        var harness = new Harness().List().Fund(1, ExchangeLimits.OwnedUnits);
        long received = 0;
        while (received <= long.MaxValue - 2 * Quantity.MaxLots * 9999L)
        {
            harness.Fund(1, ExchangeLimits.OwnedUnits).Give(2, 0, 10 * Quantity.MaxLots);
            for (var i = 0; i < 10; i++)
            {
                Trade(harness);
                Assert.Equal(RejectReason.None, Settle(harness));
                received += Quantity.MaxLots * 9999L;
                if (received > long.MaxValue - 2 * Quantity.MaxLots * 9999L)
                    break;
            }
        }

        harness.Fund(1, ExchangeLimits.OwnedUnits).Give(2, 0, 10 * Quantity.MaxLots);
        var refused = 0;
        for (var i = 0; i < 3 && refused == 0; i++)
        {
            Trade(harness);
            var before = (harness.Collateral(1), harness.Collateral(2), harness.Shares(1, 0), harness.Shares(2, 0));
            if (Settle(harness) != RejectReason.InvalidAmount)
                continue;
            refused++;
            Assert.Equal(before, (harness.Collateral(1), harness.Collateral(2), harness.Shares(1, 0), harness.Shares(2, 0)));
            Assert.Equal(1, harness.Engine.UnsettledTrades);
        }

        Assert.Equal(1, refused);
    }

    [Fact]
    public void OpenOrdersOfAnAccount_AreLimited()
    {
        var harness = new Harness().List().Fund(1, 1_000_000_000).Fund(2, 100);
        for (var i = 0; i < ExchangeLimits.OpenOrdersPerAccount; i++)
            harness.Apply(Harness.Order(1, Side.Buy, 1 + i % 50, 1));
        Assert.Equal(ExchangeLimits.OpenOrdersPerAccount, harness.Engine.OpenOrders);
        Assert.Equal(RejectReason.TooManyOrders, harness.Reason(Harness.Order(1, Side.Buy, 1, 1)));
        Assert.Equal(
            RejectReason.None,
            harness.Reason(Harness.Order(1, Side.Buy, 1, 1) with { TimeInForce = TimeInForce.ImmediateOrCancel })
        );
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(2, Side.Buy, 1, 1)));
        harness.Apply(new Command { Kind = CommandKind.CancelAllOfAccount, Account = new AccountId(1) });
        Assert.Equal(1, harness.Engine.OpenOrders);
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(1, Side.Buy, 1, 1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(ExchangeLimits.Accounts + 1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void AccountOutOfRange_OwnsNothingAndCannotBeObserved(int account)
    {
        var harness = new Harness().List();
        Assert.Equal(
            RejectReason.InvalidAccount,
            harness.Reason(
                new Command
                {
                    Kind = CommandKind.ObserveBalance,
                    Account = new AccountId(account),
                    Outcome = Command.CollateralOutcome,
                    Amount = new Amount(5),
                }
            )
        );
        Assert.Equal(RejectReason.InsufficientBalance, harness.Reason(Harness.Order(account, Side.Buy, 100, 1)));
        Assert.Equal(RejectReason.InsufficientBalance, harness.Reason(Harness.Order(account, Side.Sell, 100, 1)));
        Assert.Equal(
            RejectReason.None,
            harness.Reason(new Command { Kind = CommandKind.CancelAllOfAccount, Account = new AccountId(account) })
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(ExchangeLimits.Markets + 1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void MarketOutOfRange_IsInvalid(int market)
    {
        var harness = new Harness().List().Fund(1, 1000).Give(1, 0, 1000);
        Assert.Equal(
            RejectReason.InvalidMarket,
            harness.Reason(
                new Command
                {
                    Kind = CommandKind.ListMarket,
                    Market = new MarketId(market),
                    Outcomes = 2,
                    TickSize = 1,
                }
            )
        );
        Assert.Equal(RejectReason.InvalidMarket, harness.Reason(Harness.Order(1, Side.Buy, 100, 1, market: market)));
        Assert.Equal(default, harness.Shares(1, 0, market));
        Assert.False(harness.Engine.HasMarket(new MarketId(market)));
        Assert.Equal(0, harness.Engine.Depth(new MarketId(market), 0, Side.Buy, new DepthLevel[1]));
        Assert.Equal(0, harness.Engine.LevelQuantity(new MarketId(market), 0, Side.Buy, new Price(1)).Lots);
    }

    [Fact]
    public void ExpiryBeyond2106_NeverComes()
    {
        var harness = new Harness { ClockMicros = 4_000_000_000_000_000 }
            .List()
            .Fund(1, 1000);
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(1, Side.Buy, 1, 1) with { ExpiresAtSeconds = long.MaxValue }));
        Assert.Equal(RejectReason.OrderExpired, harness.Reason(Harness.Order(1, Side.Buy, 1, 1) with { ExpiresAtSeconds = -1 }));
        Assert.Equal(RejectReason.OrderExpired, harness.Reason(Harness.Order(1, Side.Buy, 1, 1) with { ExpiresAtSeconds = 3_999_999_999 }));
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(1, Side.Buy, 1, 1) with { ExpiresAtSeconds = 4_000_000_000 }));
        harness.ClockMicros = long.MaxValue;
        Assert.Single(harness.Apply(new Command { Kind = CommandKind.ExpireOrders }));
        Assert.Equal(1, harness.Engine.OpenOrders);
    }

    [Fact]
    public void PriceText_DoesNotRecurse() => Assert.Equal("50 ticks", new Price(50).ToString());

    private static void Trade(Harness harness)
    {
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(1, Side.Buy, Price.MaxTicks, Quantity.MaxLots)));
        Assert.Equal(RejectReason.None, harness.Reason(Harness.Order(2, Side.Sell, 1, Quantity.MaxLots)));
        Assert.Equal(1, harness.Engine.UnsettledTrades);
    }

    private long _trades;

    private RejectReason Settle(Harness harness) =>
        harness.Reason(new Command { Kind = CommandKind.SettleTrade, Trade = new TradeId(++_trades) });
}
