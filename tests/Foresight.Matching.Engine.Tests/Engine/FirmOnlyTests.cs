using Foresight.Matching.Engine.Tests.Books;
using Foresight.Matching.Engine.Tests.Reference;
using Foresight.Matching.Engine.Tests.Support;

namespace Foresight.Matching.Engine.Tests.Engine;

/// <summary>Crowds of soft offers, larger than the random streams make them, beside the reference exchange.</summary>
[Trait("Category", "Firm")]
public sealed class FirmOnlyTests
{
    private const int Crowd = 2_600;
    private const int Taker = 1;
    private const int Firm = 2;
    private const int FirstSoft = 10;

    private readonly ReferenceExchange _reference = new();
    private readonly ExchangeEngine _engine = new(0);
    private readonly RecordedEvents _events = new();

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void FirmOffers_AreFoundBehindAnyNumberOfSoftOnes(int outcomes)
    {
        SetUp(outcomes);
        var isSet = outcomes > 2;
        // As many before the first firm offer of a level, in front of it, behind it, and at levels without one.
        foreach (var price in (ReadOnlySpan<int>)[3_999, 4_000, 4_499, 4_500])
        {
            for (var i = 0; i < Crowd; i++)
                Apply(Order(FirstSoft + (i & 7), Side.Sell, price, 1));
            if (price % 500 == 0)
                Apply(Order(Firm, Side.Sell, price, price / 1_000));
        }

        Apply(Order(FirstSoft, Side.Sell, 4_500, 1));
        for (byte outcome = 1; isSet && outcome < outcomes; outcome++)
        {
            for (var i = 0; i < Crowd / 7; i++)
                Apply(Order(FirstSoft + (i & 7), Side.Buy, 6_000 / (outcomes - 1), 1, outcome));
            Apply(Order(Firm, Side.Buy, 6_000 / (outcomes - 1), 5, outcome));
        }

        var most = 4 + 4 + (isSet ? 5 : 0);
        var take = Order(Taker, Side.Buy, 5_000, most + 1) with { FirmOnly = true, TimeInForce = TimeInForce.FillOrKill };
        Apply(take);
        Assert.Equal(RejectReason.WouldNotFill, Assert.IsType<CommandRejected>(Assert.Single(_events.Events)).Reason);
        Apply(take with { Quantity = new Quantity(1) });
        Apply(take with { TimeInForce = TimeInForce.ImmediateOrCancel });
        Assert.Equal(most - 1, _events.Events.OfType<TradeExecuted>().Sum(trade => trade.Quantity.Lots));
        Assert.Equal(CancelReason.ImmediateOrCancel, Assert.Single(_events.Events.OfType<OrderCancelled>()).Reason);
        Assert.All(_events.Events.OfType<OrderFilled>(), fill => Assert.Equal(Purse.Vault, fill.Purse));
        Apply(take with { TimeInForce = TimeInForce.ImmediateOrCancel });
        Assert.Empty(_events.Events.OfType<TradeExecuted>());
        BookStructure.Check(_engine, emptyLevels: true);
    }

    [Fact]
    public void AnOwnFirmOffer_BehindACrowd_IsMetAsAnyOther()
    {
        SetUp(outcomes: 3);
        for (var i = 0; i < 4 * Crowd; i++)
            Apply(Order(FirstSoft + (i & 7), Side.Sell, 4_000, 1));
        Apply(Order(Taker, Side.Sell, 4_000, 2) with { Purse = PurseChoice.Vault });
        Apply(Order(Firm, Side.Sell, 4_000, 3));
        var take = Order(Taker, Side.Buy, 4_000, 3) with { FirmOnly = true, TimeInForce = TimeInForce.ImmediateOrCancel };
        Apply(take);
        Assert.Equal(RejectReason.SelfTrade, Assert.IsType<CommandRejected>(Assert.Single(_events.Events)).Reason);
        Apply(take with { SelfTradePrevention = SelfTradePrevention.CancelOldest });
        Assert.Equal(3, Assert.Single(_events.Events.OfType<TradeExecuted>()).Quantity.Lots);
        BookStructure.Check(_engine, emptyLevels: true);
    }

    private void SetUp(int outcomes)
    {
        Apply(
            new Command
            {
                Kind = CommandKind.ListMarket,
                Market = new MarketId(1),
                Outcomes = (byte)outcomes,
                TickSize = 1,
            }
        );
        Apply(
            new Command
            {
                Kind = CommandKind.SetFirmTerms,
                ExpiresAtSeconds = 1_000,
                Quantity = new Quantity(1_000),
            }
        );
        foreach (var account in (ReadOnlySpan<int>)[Taker, Firm])
            Fund(account, PurseChoice.Vault);
        for (var account = FirstSoft; account < FirstSoft + 8; account++)
            Fund(account, PurseChoice.Wallet);
    }

    private void Fund(int account, PurseChoice purse)
    {
        var observation = new Command
        {
            Kind = CommandKind.ObserveBalance,
            Account = new AccountId(account),
            Purse = purse,
        };
        Apply(observation with { Outcome = Command.CollateralOutcome, Amount = new Amount(1_000_000_000) });
        Apply(observation with { Market = new MarketId(1), Quantity = new Quantity(1_000_000) });
    }

    private static Command Order(int account, Side side, int price, long lots, byte outcome = 0) =>
        Harness.Order(account, side, price, lots, outcome);

    private void Apply(Command command)
    {
        _events.Clear();
        var events = _events;
        command = command with { Sequence = _engine.Sequence + 1, AcceptedAtMicros = 1_000_000 };
        _reference.Apply(command);
        _engine.Apply(command, ref events);
        if (!_reference.Events.SequenceEqual(_events.Events))
            Assert.Fail($"expected:\n  {string.Join("\n  ", _reference.Events)}\nactual:\n  {string.Join("\n  ", _events.Events)}");
    }
}
