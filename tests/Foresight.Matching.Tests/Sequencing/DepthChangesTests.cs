using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Matching.Recovery;
using Foresight.Matching.Sequencing;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Sequencing;

[Trait("Category", "Firm")]
public sealed class DepthChangesTests
{
    private static readonly Market Binary = new()
    {
        Id = new MarketId(1),
        Outcomes = 2,
        TickSize = 1,
    };

    private readonly ExchangeEngine _engine = new();
    private long _sequence;

    /// <summary>A level of the vault and the wallet together has both, in both views of a binary market, changed or whole.</summary>
    [Fact]
    public void Level_HasItsFirmPart_InBothOutcomes()
    {
        Apply(
            new Command
            {
                Kind = CommandKind.ListMarket,
                Market = Binary.Id,
                Outcomes = 2,
                TickSize = 1,
            }
        );
        foreach (var purse in (PurseChoice[])[PurseChoice.Wallet, PurseChoice.Vault])
            Apply(
                new Command
                {
                    Kind = CommandKind.ObserveBalance,
                    Account = new AccountId(1),
                    Outcome = Command.CollateralOutcome,
                    Amount = new Amount(1_000_000_000),
                    Purse = purse,
                }
            );
        Apply(
            new Command
            {
                Kind = CommandKind.SetFirmTerms,
                ExpiresAtSeconds = 1_000_000,
                Quantity = new Quantity(100),
            }
        );
        Bid(lots: 30, PurseChoice.Wallet);
        Bid(lots: 12, PurseChoice.Vault);

        LevelChange[] expected = [new(0, true, 4_000, 42, FirmLots: 12), new(1, false, 6_000, 42, FirmLots: 12)];
        Assert.Equal(expected, DepthChanges.WholeBook(_engine, Binary).OrderBy(level => level.Outcome));
        var changes = new DepthChanges();
        changes.Touch(Resting());
        var (market, levels) = Assert.Single(changes.Read(_engine, new Dictionary<MarketId, Market> { [Binary.Id] = Binary }));
        Assert.Equal(Binary.Id, market);
        Assert.Equal(expected, levels.OrderBy(level => level.Outcome));
    }

    private void Bid(long lots, PurseChoice purse) =>
        Apply(
            new Command
            {
                Kind = CommandKind.PlaceOrder,
                Account = new AccountId(1),
                Market = Binary.Id,
                Side = Side.Buy,
                Price = new Price(4_000),
                Quantity = new Quantity(lots),
                Purse = purse,
            }
        );

    private static LiveOrder Resting() =>
        new()
        {
            Id = new OrderId(1),
            Hash = default,
            Account = new AccountId(1),
            Owner = default(Address),
            Market = Binary.Id,
            Outcome = 0,
            Side = Side.Buy,
            Purse = Purse.Vault,
            Price = new Price(4_000),
            Lots = 12,
            SignedExpiry = 0,
        };

    private void Apply(Command command)
    {
        var events = new NoEvents();
        var next = command with { Sequence = ++_sequence, AcceptedAtMicros = _sequence };
        _engine.Apply(in next, ref events);
    }
}
