using System.Buffers;

namespace Foresight.Matching.Engine.Tests.Engine;

/// <summary>A hash that omits what affects a later command hides a divergence; one that depends on more invents it.</summary>
public sealed class StateHashTests
{
    public static TheoryData<string, Command, Command> Differences =>
        new()
        {
            { "quantity", Order, Order with { Quantity = new Quantity(9) } },
            { "price", Order, Order with { Price = new Price(501) } },
            { "account", Order, Order with { Account = new AccountId(2) } },
            {
                "outcome and side, at the same place of the book",
                Order,
                Order with
                {
                    Outcome = 1,
                    Side = Side.Sell,
                    Price = new Price(9500),
                }
            },
            { "salt", Order, Order with { SaltTag = 6 } },
            { "expiry", Order with { ExpiresAtSeconds = 100 }, Order with { ExpiresAtSeconds = 101 } },
            { "owned", Observation, Observation with { Amount = new Amount(70_001) } },
            { "block", Observation, Observation with { Block = 8 } },
            {
                "asset",
                Observation,
                Observation with
                {
                    Outcome = 1,
                    Market = new MarketId(1),
                    Amount = default,
                    Quantity = new Quantity(70_000),
                }
            },
            { "market state", State(MarketState.Paused), State(MarketState.Closed) },
            { "winner", State(MarketState.Resolved), State(MarketState.Resolved) with { Outcome = 1 } },
            { "tick", Listing, Listing with { TickSize = 100 } },
            { "outcomes", Listing, Listing with { Outcomes = 3 } },
            { "market", Listing, Listing with { Market = new MarketId(3) } },
            { "trade or not", Taker, Taker with { Price = new Price(4001) } },
            { "trade quantity", Taker, Taker with { Quantity = new Quantity(2) } },
            { "trade account", Taker, Taker with { Account = new AccountId(3) } },
        };

    private static Command Order => Harness.Order(1, Side.Buy, 500, 10) with { SaltTag = 5 };

    private static Command Taker => Harness.Order(2, Side.Sell, 4000, 3) with { TimeInForce = TimeInForce.ImmediateOrCancel };

    private static Command Observation =>
        new()
        {
            Kind = CommandKind.ObserveBalance,
            Account = new AccountId(3),
            Outcome = Command.CollateralOutcome,
            Amount = new Amount(70_000),
            Block = 7,
        };

    private static Command Listing =>
        new()
        {
            Kind = CommandKind.ListMarket,
            Market = new MarketId(2),
            Outcomes = 2,
            TickSize = 10,
        };

    [Theory]
    [MemberData(nameof(Differences))]
    public void StatesThatDifferInOneThing_HaveDifferentHashesAndSnapshots(string what, Command one, Command other)
    {
        var (a, b) = (After(one), After(other));
        Assert.True(a.Engine.StateHash() != b.Engine.StateHash(), $"the hash does not see the {what}");
        Assert.NotEqual(SnapshotOf(a.Engine), SnapshotOf(b.Engine));
        Assert.Equal(a.Engine.StateHash(), After(one).Engine.StateHash());
    }

    [Fact]
    public void HowTheStateCameAbout_IsNotPartOfIt()
    {
        var (a, b) = (Prepared(), Prepared());
        // The tables of one engine have grown and been emptied again: layout must not affect the hash.
        for (var i = 0; i < 3000; i++)
            a.Apply(Harness.Order(3, Side.Buy, 1 + i % 400, 1));
        a.Apply(new Command { Kind = CommandKind.CancelAllOfAccount, Account = new AccountId(3) });
        while (b.Engine.Sequence < a.Engine.Sequence)
            b.Apply(new Command { Kind = CommandKind.ExpireOrders });
        a.Apply(Order);
        b.Apply(Order);
        Assert.Equal(a.Engine.StateHash(), b.Engine.StateHash());
        Assert.Equal(SnapshotOf(a.Engine), SnapshotOf(b.Engine));
    }

    [Fact]
    public void ClockAndSequence_ArePartOfTheState()
    {
        var (a, b) = (Prepared(), Prepared());
        b.ClockMicros++;
        a.Apply(new Command { Kind = CommandKind.ExpireOrders });
        b.Apply(new Command { Kind = CommandKind.ExpireOrders });
        Assert.NotEqual(a.Engine.StateHash(), b.Engine.StateHash());
        Assert.NotEqual(new ExchangeEngine(0).StateHash(), new ExchangeEngine(1).StateHash());
    }

    /// <summary>Any other value than the recorded one would make existing journals incomparable.</summary>
    [Fact]
    public void Hash_IsTheSameOnEveryMachineAndInEveryRelease() => Assert.Equal(RecordedHash, After(Taker).Engine.StateHash());

    private const ulong RecordedHash = 7_427_659_417_651_352_816;

    private static Command State(MarketState state) =>
        new()
        {
            Kind = CommandKind.SetMarketState,
            Market = new MarketId(1),
            State = state,
        };

    private static Harness After(Command last)
    {
        var harness = Prepared();
        Assert.Equal(RejectReason.None, harness.Reason(last));
        return harness;
    }

    private static Harness Prepared()
    {
        var harness = new Harness()
            .List()
            .Fund(1, 1_000_000)
            .Fund(2, 1_000_000)
            .Fund(3, 1_000_000)
            .Give(1, 1, 100)
            .Give(2, 0, 100)
            .Give(3, 0, 100);
        harness.Apply(Harness.Order(1, Side.Buy, 4000, 5));
        return harness;
    }

    private static byte[] SnapshotOf(ExchangeEngine engine)
    {
        var buffer = new ArrayBufferWriter<byte>();
        engine.WriteSnapshot(buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
