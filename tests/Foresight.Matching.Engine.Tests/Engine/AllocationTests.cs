namespace Foresight.Matching.Engine.Tests.Engine;

public sealed class AllocationTests
{
    [Fact]
    public void Commands_AfterWarmUp_AllocateNothing()
    {
        var engine = new ExchangeEngine();
        var events = new SilentEvents();
        long sequence = 0;
        void Apply(Command command) =>
            engine.Apply(command with { Sequence = ++sequence, AcceptedAtMicros = sequence * 1_000 }, ref events);
        Apply(
            new Command
            {
                Kind = CommandKind.ListMarket,
                Market = new MarketId(1),
                Outcomes = 2,
                TickSize = 1,
            }
        );
        Apply(
            new Command
            {
                Kind = CommandKind.ListMarket,
                Market = new MarketId(2),
                Outcomes = 3,
                TickSize = 1,
            }
        );
        for (var account = 1; account <= 4; account++)
        {
            Apply(
                new Command
                {
                    Kind = CommandKind.ObserveBalance,
                    Account = new AccountId(account),
                    Outcome = 255,
                    Amount = new Amount(1_000_000_000),
                }
            );
            for (var market = 1; market <= 2; market++)
            {
                for (byte outcome = 0; outcome < market + 1; outcome++)
                    Apply(
                        new Command
                        {
                            Kind = CommandKind.ObserveBalance,
                            Account = new AccountId(account),
                            Market = new MarketId(market),
                            Outcome = outcome,
                            Quantity = new Quantity(1_000_000),
                        }
                    );
            }
        }

        var trade = 0L;
        void Round()
        {
            for (var i = 0; i < 200; i++)
            {
                var market = 1 + i % 2;
                var expiry = sequence / 1_000 + 1;
                Apply(
                    Harness.Order(1 + i % 4, (Side)(i % 3 % 2), 3000 + i * 7 % 60, 1 + i % 9, i % (market + 1), market) with
                    {
                        ExpiresAtSeconds = i % 5 == 0 ? expiry : 0,
                        SaltTag = (ulong)(i % 5),
                    }
                );
                Apply(
                    Harness.Order(1 + i % 3, (Side)(i % 2), 3020, 5, i % (market + 1), market) with
                    {
                        TimeInForce = (TimeInForce)(2 + i % 2),
                        SelfTradePrevention = (SelfTradePrevention)(i % 3),
                    }
                );
                Apply(
                    new Command
                    {
                        Kind = CommandKind.CancelOrder,
                        Order = new OrderId(sequence - 29),
                        Account = new AccountId(1 + i % 4),
                    }
                );
                Apply(
                    new Command
                    {
                        Kind = CommandKind.ReplaceOrder,
                        Order = new OrderId(i % 3 == 0 ? sequence - 2 : 0),
                        Account = new AccountId(1 + i % 4),
                        Price = new Price(3010),
                        Quantity = new Quantity(3),
                    }
                );
                Apply(
                    new Command
                    {
                        Kind = CommandKind.ReduceOrder,
                        Order = new OrderId(i % 4 == 0 ? sequence : 0),
                        Quantity = new Quantity(i / 12 % 3),
                    }
                );
                // Empties an account now and then, so that cancels for lack of funds are measured too.
                Apply(
                    new Command
                    {
                        Kind = CommandKind.ObserveBalance,
                        Account = new AccountId(1 + i % 4),
                        Outcome = 255,
                        Block = sequence,
                        Amount = new Amount(i % 16 == 7 ? 0 : 1_000_000_000),
                    }
                );
                Apply(
                    new Command
                    {
                        Kind = CommandKind.ObserveBalance,
                        Account = new AccountId(1 + i % 4),
                        Market = new MarketId(market),
                        Block = sequence,
                        Outcome = (byte)(i % (market + 1)),
                        Quantity = new Quantity(i % 16 == 11 ? 0 : 1_000_000),
                    }
                );
                if (i % 20 == 19)
                    Apply(
                        new Command
                        {
                            Kind = CommandKind.CancelBySalt,
                            Account = new AccountId(1 + i % 3),
                            SaltTag = (ulong)(i % 5),
                        }
                    );
                if (i % 50 == 49)
                    Apply(new Command { Kind = CommandKind.CancelAllOfAccount, Account = new AccountId(1 + i / 50) });
            }

            while (engine.UnsettledTrades > 0)
                Apply(
                    new Command { Kind = trade % 2 == 0 ? CommandKind.SettleTrade : CommandKind.BustTrade, Trade = new TradeId(++trade) }
                );
            Apply(new Command { Kind = CommandKind.CancelAllOfMarket, Market = new MarketId(1) });
            Apply(new Command { Kind = CommandKind.CancelAllOfMarket, Market = new MarketId(2) });
        }

        for (var i = 0; i < 20; i++)
            Round();
        Assert.True(trade > 1000, "the rounds trade");
        foreach (
            var reason in (CancelReason[])
                [
                    CancelReason.Requested,
                    CancelReason.Unfunded,
                    CancelReason.Expired,
                    CancelReason.SelfTrade,
                    CancelReason.Replaced,
                    CancelReason.FilledOnChain,
                ]
        )
            Assert.True(events.Cancelled(reason), $"nothing was ever cancelled for {reason}");
        Assert.True(events.Shrunk, "nothing was ever reduced");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 5; i++)
            Round();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>
    /// Records the kinds of events, so that the test cannot pass on an idle stream, and discards the events, which would allocate.
    /// </summary>
    private struct SilentEvents : IExchangeEvents
    {
        private int _reasons;

        public bool Shrunk { get; private set; }

        public readonly bool Cancelled(CancelReason reason) => (_reasons >> (int)reason & 1) != 0;

        public readonly void OnAccepted(OrderId order, Purse purse, in Command placed) { }

        public readonly void OnRejected(in CommandRejected e) { }

        public readonly void OnTrade(in TradeExecuted e) { }

        public readonly void OnFilled(in OrderFilled e) { }

        public void OnCancelled(in OrderCancelled e) => _reasons |= 1 << (int)e.Reason;

        public void OnReplaced(in OrderReplaced e) => Shrunk = true;

        public readonly void OnMarketChanged(in MarketChanged e) { }

        public readonly void OnTradeClosed(in TradeClosed e) { }

        public readonly void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) { }
    }
}
