using System.Buffers;

namespace Foresight.Matching.Engine.Tests.Engine;

public sealed class SnapshotTests
{
    [Fact]
    public void Restore_OfAnEmptyEngine_IsAnEmptyEngine()
    {
        var engine = new ExchangeEngine(7);
        Assert.Equal(engine.StateHash(), ExchangeEngine.Restore(Snapshot(engine)).StateHash());
        Assert.Equal(7, ExchangeEngine.Restore(Snapshot(engine)).Shard);
    }

    [Fact]
    public void Restore_KeepsLegsBeyondTwo_AndWhoHoldsWhat()
    {
        var harness = new Harness().List(1, outcomes: 8);
        for (var outcome = 0; outcome < 8; outcome++)
        {
            harness.Fund(outcome + 1, 1_000_000);
            harness.Apply(Harness.Order(outcome + 1, Side.Buy, 1250, 10, outcome));
        }

        Assert.Equal(1, harness.Engine.UnsettledTrades);
        var restored = ExchangeEngine.Restore(Snapshot(harness.Engine));
        var events = new Support.RecordedEvents();
        restored.Apply(
            new Command
            {
                Kind = CommandKind.SettleTrade,
                Sequence = restored.Sequence + 1,
                Trade = new TradeId(1),
            },
            ref events
        );
        for (var outcome = 0; outcome < 8; outcome++)
        {
            Assert.Equal(
                new Holding(1_000_000 - 12_500, 0, 0),
                restored.Balance(new AccountId(outcome + 1), default, Command.CollateralOutcome)
            );
            Assert.Equal(new Holding(10, 0, 0), restored.Balance(new AccountId(outcome + 1), new MarketId(1), (byte)outcome));
        }
    }

    /// <summary>
    /// A snapshot has orders by price, but cancels for lack of funds start with the newest, so their age must survive it.
    /// </summary>
    [Fact]
    public void Restore_KeepsTheAgeOfAnAccountsOrders()
    {
        var harness = new Harness().List().Fund(1, 1_000_000);
        foreach (var price in (int[])[300, 100, 500, 200, 400])
            harness.Apply(Harness.Order(1, Side.Buy, price, 10));
        var restored = ExchangeEngine.Restore(Snapshot(harness.Engine));
        var events = new Support.RecordedEvents();
        restored.Apply(
            new Command
            {
                Kind = CommandKind.ObserveBalance,
                Sequence = restored.Sequence + 1,
                Account = new AccountId(1),
                Outcome = Command.CollateralOutcome,
                Amount = new Amount(4_000),
            },
            ref events
        );
        // Orders 7, 6 and 5 are the newest, and the account covers the rest, so only these are cancelled.
        Assert.Equal([7, 6, 5], events.Events.Cast<OrderCancelled>().Select(cancelled => cancelled.Order.Value));
    }

    [Fact]
    public void Restore_OfEveryPrefix_Throws()
    {
        var harness = new Harness().List().Fund(1, 1_000_000).Give(2, 0, 100);
        harness.Apply(Harness.Order(1, Side.Buy, 500, 10));
        harness.Apply(Harness.Order(2, Side.Sell, 500, 4));
        var whole = Snapshot(harness.Engine);
        for (var length = 0; length < whole.Length; length++)
            Assert.Throws<FormatException>(() => ExchangeEngine.Restore(whole.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => ExchangeEngine.Restore([.. whole, 0]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Restore_OfAnotherFormatOrVersion_Throws(int at)
    {
        var snapshot = Snapshot(new ExchangeEngine());
        snapshot[at]++;
        Assert.Throws<FormatException>(() => ExchangeEngine.Restore(snapshot));
    }

    /// <summary>
    /// A snapshot may be damaged anywhere: only a FormatException, or an engine with another hash, which a comparison detects, keeps a
    /// leader from continuing with it.
    /// </summary>
    [Fact]
    public void Restore_OfASpoiltSnapshot_ThrowsNothingElse_OrHasAnotherHash()
    {
        var harness = new Harness(shard: 3)
            .List()
            .List(2, outcomes: 3, tick: 10)
            .Fund(1, 1_000_000)
            .Fund(2, 1_000_000)
            .Fund(3, 1_000_000)
            .Give(2, 0, 100);
        harness.Apply(Harness.Order(1, Side.Buy, 500, 10));
        harness.Apply(Harness.Order(1, Side.Buy, 400, 10) with { ExpiresAtSeconds = 100, SaltTag = 5 });
        harness.Apply(Harness.Order(2, Side.Sell, 500, 4));
        for (var outcome = 0; outcome < 3; outcome++)
            harness.Apply(Harness.Order(outcome + 1, Side.Buy, 3340, 2 + outcome, outcome, market: 2));
        harness
            .List(3)
            .Apply(
                new Command
                {
                    Kind = CommandKind.SetMarketState,
                    Market = new MarketId(3),
                    State = MarketState.Resolved,
                }
            );
        GiveFirmState(harness);
        Assert.Equal(3, harness.Engine.UnsettledTrades);
        var whole = Snapshot(harness.Engine);
        var hash = harness.Engine.StateHash();
        var refused = 0;
        for (var at = 0; at < whole.Length; at++)
        {
            foreach (var value in (byte[])[0, 0xFF, (byte)(whole[at] + 1)])
            {
                var spoilt = whole.ToArray();
                spoilt[at] = value;
                if (value == whole[at])
                    continue;
                try
                {
                    Assert.True(ExchangeEngine.Restore(spoilt).StateHash() != hash, $"byte {at} as {value} makes no difference");
                }
                catch (FormatException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > whole.Length, $"only {refused} of {whole.Length} bytes' values were refused");
    }

    private static void GiveFirmState(Harness harness)
    {
        harness.Apply(
            new Command
            {
                Kind = CommandKind.SetFirmTerms,
                ExpiresAtSeconds = 300,
                Quantity = new Quantity(9),
            }
        );
        harness.Apply(
            new Command
            {
                Kind = CommandKind.ListMarket,
                Market = new MarketId(4),
                Outcomes = 2,
                TickSize = 1,
                FirmOnly = true,
            }
        );
        harness.Fund(1, 1_000_000, purse: PurseChoice.Vault).Fund(2, 1_000_000, purse: PurseChoice.Vault);
        harness.Apply(Harness.Order(1, Side.Buy, 600, 10, market: 4));
        harness.Apply(Harness.Order(2, Side.Buy, 9400, 4, outcome: 1, market: 4));
        harness.Apply(
            new Command
            {
                Kind = CommandKind.GrantWithdrawal,
                Account = new AccountId(2),
                Outcome = Command.CollateralOutcome,
                Amount = new Amount(1_000),
                SaltTag = 77,
                ExpiresAtSeconds = 200,
            }
        );
        Assert.Equal((1, 1), (harness.Engine.UnsettledFirmTrades, harness.Engine.OpenWithdrawals));
    }

    private static byte[] Snapshot(ExchangeEngine engine)
    {
        var buffer = new ArrayBufferWriter<byte>();
        engine.WriteSnapshot(buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
