namespace Foresight.Matching.Engine.Tests.Engine;

/// <summary>The limits are lowered to values that a test can reach.</summary>
public sealed class LimitTests
{
    private static readonly Command Ask = Harness.Order(2, Side.Sell, 500, 1);
    private static readonly Command Bid = Harness.Order(1, Side.Buy, 500, 1);

    [Fact]
    public void OpenOrdersOfAMarket_AreLimited()
    {
        var harness = Stocked(new ExchangeBounds { OpenOrdersPerMarket = 3 }).List(2);
        for (var price = 1; price <= 3; price++)
            Assert.Equal(RejectReason.None, harness.Reason(Bid with { Price = new Price(price) }));
        Assert.Equal(RejectReason.TooManyOrders, harness.Reason(Bid with { Price = new Price(4) }));
        Assert.Equal(RejectReason.TooManyOrders, harness.Reason(Harness.Order(2, Side.Sell, 9000, 1)));
        // These need no room: other markets have their own, an order that does not rest needs none, and a replaced order frees its own.
        Assert.Equal(RejectReason.None, harness.Reason(Bid with { Market = new MarketId(2) }));
        Assert.Equal(RejectReason.None, harness.Reason(Ask with { Price = new Price(3), TimeInForce = TimeInForce.ImmediateOrCancel }));
        Assert.Equal(RejectReason.None, harness.Reason(Bid with { Price = new Price(3) }));
        Assert.Equal(RejectReason.TooManyOrders, harness.Reason(Bid));
        Assert.Equal(
            RejectReason.None,
            harness.Reason(
                new Command
                {
                    Kind = CommandKind.ReplaceOrder,
                    Account = new AccountId(1),
                    Order = new OrderId(harness.Engine.Sequence - 1),
                    Price = new Price(5),
                    Quantity = new Quantity(1),
                }
            )
        );
        Assert.Equal(RejectReason.TooManyOrders, harness.Reason(Bid));
        Assert.Equal(RejectReason.None, harness.Reason(new Command { Kind = CommandKind.CancelAllOfMarket, Market = new MarketId(1) }));
        Assert.Equal(RejectReason.None, harness.Reason(Bid));
    }

    [Fact]
    public void UnsettledTrades_AreLimited_UntilOneIsClosed()
    {
        var harness = Stocked(new ExchangeBounds { UnsettledTrades = 2 });
        for (var i = 0; i < 4; i++)
            Assert.Equal(RejectReason.None, harness.Reason(Bid));
        Assert.Equal(RejectReason.None, harness.Reason(Ask));
        // The limit is compared before the order, not for each trade: one below it, an order may make any number of trades.
        Assert.Equal(RejectReason.None, harness.Reason(Ask with { Quantity = new Quantity(2) }));
        Assert.Equal(3, harness.Engine.UnsettledTrades);
        Assert.Equal(RejectReason.SettlementBacklog, harness.Reason(Ask));
        // An order that does not trade adds no unsettled trade, so it is accepted.
        Assert.Equal(RejectReason.None, harness.Reason(Bid));
        Assert.Equal(RejectReason.None, harness.Reason(new Command { Kind = CommandKind.BustTrade, Trade = new TradeId(1) }));
        Assert.Equal(RejectReason.SettlementBacklog, harness.Reason(Ask));
        Assert.Equal(RejectReason.None, harness.Reason(new Command { Kind = CommandKind.SettleTrade, Trade = new TradeId(2) }));
        Assert.Equal(RejectReason.None, harness.Reason(Ask));
        Assert.Equal(RejectReason.SettlementBacklog, harness.Reason(Ask));
    }

    [Fact]
    public void Markets_AreLimitedByTheirBooks()
    {
        var harness = new Harness(0, new ExchangeBounds { Ladders = 10 }).List(1, outcomes: 3).List(2);
        Assert.Equal(RejectReason.NoRoom, harness.Reason(Listing(outcomes: 3)));
        Assert.False(harness.Engine.HasMarket(new MarketId(3)));
        // Of several reasons the lowest is reported, so the tick is checked before the room. A binary market needs one book only.
        Assert.Equal(RejectReason.InvalidTick, harness.Reason(Listing(outcomes: 3) with { TickSize = 2 }));
        Assert.Equal(RejectReason.None, harness.Reason(Listing(outcomes: 2)));
        Assert.Equal(RejectReason.NoRoom, harness.Reason(Listing(outcomes: 2) with { Market = new MarketId(4) }));
    }

    [Fact]
    public void Holdings_AreLimited_AndARefusedSettlementChangesNothing()
    {
        // Both have money and one has shares, so a settlement needs a fourth row.
        var bounds = new ExchangeBounds { Holdings = 3 };
        var harness = new Harness(0, bounds).List().Fund(1, 1_000).Fund(2, 1_000).Give(2, 0, 10);
        Assert.Equal(RejectReason.NoRoom, harness.Reason(Observation(account: 3)));
        Assert.Equal(RejectReason.None, harness.Reason(Observation(account: 2)));
        harness.Apply(Bid);
        harness.Apply(Ask);
        var settle = new Command { Kind = CommandKind.SettleTrade, Trade = new TradeId(1) };
        var before = (harness.Collateral(1), harness.Collateral(2), harness.Shares(1, 0), harness.Shares(2, 0));
        Assert.Equal(RejectReason.NoRoom, harness.Reason(settle));
        Assert.Equal(before, (harness.Collateral(1), harness.Collateral(2), harness.Shares(1, 0), harness.Shares(2, 0)));
        Assert.Equal(1, harness.Engine.UnsettledTrades);

        // Four rows are enough: it settles and fills the table to its last row.
        harness = new Harness(0, bounds with { Holdings = 4 }).List().Fund(1, 1_000).Fund(2, 1_000).Give(2, 0, 10);
        harness.Apply(Bid);
        harness.Apply(Ask);
        Assert.Equal(RejectReason.None, harness.Reason(settle));
        Assert.Equal(1, harness.Shares(1, 0).Owned);
    }

    /// <summary>Of all, and of one account: a stranger must not take the places of everybody.</summary>
    [Fact]
    [Trait("Category", "Firm")]
    public void OpenWithdrawals_AreLimited_UntilOneEnds()
    {
        var harness = new Harness(0, new ExchangeBounds { Withdrawals = 3, WithdrawalsOfAccount = 2 });
        for (var account = 1; account <= 3; account++)
            harness.Fund(account, 1_000, purse: PurseChoice.Vault);
        Assert.Equal(RejectReason.None, harness.Reason(Grant(1, nonce: 1)));
        Assert.Equal(RejectReason.None, harness.Reason(Grant(1, nonce: 2)));
        Assert.Equal(RejectReason.NoRoom, harness.Reason(Grant(1, nonce: 3)));
        Assert.Equal(RejectReason.None, harness.Reason(Grant(2, nonce: 1)));
        Assert.Equal(RejectReason.NoRoom, harness.Reason(Grant(3, nonce: 1)));

        var paid = Grant(1, nonce: 1) with { Kind = CommandKind.PayWithdrawal, Block = 100 };
        Assert.Equal(RejectReason.None, harness.Reason(paid));
        Assert.Equal(RejectReason.UnknownTrade, harness.Reason(paid));
        Assert.Equal(RejectReason.None, harness.Reason(Grant(1, nonce: 3)));
        Assert.Equal(RejectReason.NoRoom, harness.Reason(Grant(1, nonce: 4)));
        Assert.Equal(3, harness.Engine.OpenWithdrawals);
    }

    [Fact]
    public void Limits_AreWithinWhatAnIndexCanSay()
    {
        Assert.True((long)ExchangeLimits.Ladders * Matching.Engine.Books.Ladder.Pages < Array.MaxLength);
        Assert.True(ExchangeLimits.Ladders >= 2 * 4 * ExchangeLimits.Markets);
        Assert.True(ExchangeLimits.Holdings < 1 << 27);
    }

    private static Harness Stocked(ExchangeBounds bounds) => new Harness(0, bounds).List().Fund(1, 1_000_000).Give(2, 0, 100);

    private static Command Grant(int account, ulong nonce) =>
        new()
        {
            Kind = CommandKind.GrantWithdrawal,
            Account = new AccountId(account),
            Outcome = Command.CollateralOutcome,
            Amount = new Amount(10),
            SaltTag = nonce,
            ExpiresAtSeconds = 1_000_000,
        };

    private static Command Listing(int outcomes) =>
        new()
        {
            Kind = CommandKind.ListMarket,
            Market = new MarketId(3),
            Outcomes = (byte)outcomes,
            TickSize = 1,
        };

    private static Command Observation(int account) =>
        new()
        {
            Kind = CommandKind.ObserveBalance,
            Account = new AccountId(account),
            Outcome = Command.CollateralOutcome,
            Amount = new Amount(900),
        };
}
