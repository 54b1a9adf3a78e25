using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;

namespace Foresight.Matching.Tests.ChainFollowing;

public sealed class UnconfirmedRulesTests
{
    private const int Collateral = Command.CollateralOutcome;

    private static readonly Address Ann = Address.Parse("0x00000000000000000000000000000000000000a1");
    private static readonly Address Bob = Address.Parse("0x00000000000000000000000000000000000000b2");
    private static readonly DeployedMarket Market = new(1, Address.Parse("0x0000000000000000000000000000000000000111"), 2, 0);

    private static readonly Deployment Deployment = new(
        31337,
        Hash32.Zero,
        Address.Parse("0x0000000000000000000000000000000000000222"),
        Address.Parse("0x0000000000000000000000000000000000000333"),
        Address.Parse("0x0000000000000000000000000000000000000444"),
        1,
        1,
        0,
        TimeSpan.FromDays(1),
        [Market]
    );

    [Fact]
    public void WhatOurOwnTradesTook_IsCountedForBothSides_AndOnlyWhileTheEngineHoldsIt()
    {
        var facts = new BlockFacts();
        facts.Fills.AddRange([Fill(Ann, 7, isBuy: true, ticks: 6_000, lots: 100), Fill(Bob, 7, isBuy: false, ticks: 6_000, lots: 100)]);
        facts.Fills.AddRange([
            Fill(Ann, 8, isBuy: true, 1, 1),
            Fill(Ann, 0, isBuy: true, 1, 1),
            Fill(Ann, BigInteger.One << 80, isBuy: true, 1, 1),
        ]);
        var taken = UnconfirmedRules.TakenByTrades(Deployment, facts, new HashSet<long> { 7 });
        Assert.Equal(new Dictionary<AssetKey, long> { [new(Ann, 0, Collateral)] = 600_000, [new(Bob, 1, 0)] = 100 }, taken);
    }

    [Theory]
    [InlineData(100, 0, null)]
    [InlineData(120, 0, null)] // More must be confirmed first.
    [InlineData(60, 40, null)] // A trade of ours explains it.
    [InlineData(59, 40, 99L)] // Less than a trade of ours explains.
    [InlineData(0, 0, 0L)]
    public void AHoldingIsReduced_ToWhatIsLeftAndWhatOurTradesTook(long atHead, long taken, long? told)
    {
        var reduced = UnconfirmedRules
            .Reduced(
                [new ChainHolding(Ann, null, 0, atHead)],
                Ledger(100),
                new Dictionary<AssetKey, long> { [new(Ann, 0, Collateral)] = taken }
            )
            .ToList();
        Assert.Equal(told, reduced.Count == 0 ? null : reduced.Single().Units);
    }

    [Fact]
    public void AHoldingThatTheLedgerDoesNotHave_IsNotReduced() =>
        Assert.Empty(UnconfirmedRules.Reduced([new ChainHolding(Bob, null, 0, 0)], Ledger(100), new Dictionary<AssetKey, long>()));

    [Theory]
    [InlineData(12, 150, false)] // A later block had less, so more is not believed yet.
    [InlineData(12, 50, true)]
    [InlineData(10, 150, true)] // That block is confirmed now.
    [InlineData(9, 150, true)]
    public void AConfirmedHolding_IsToldUnlessALaterBlockSaidLess(long seenBlock, long units, bool told) =>
        Assert.Equal(
            told,
            UnconfirmedRules
                .Believable(
                    [new ChainHolding(Ann, null, 0, units)],
                    Ledger(100),
                    [new UnconfirmedDecrease(new AssetKey(Ann, 0, Collateral), seenBlock)],
                    block: 10
                )
                .Any()
        );

    [Fact]
    public void WhatWasDoubted_IsReadAgain_WhenItsBlockIsConfirmed_WithoutAnyEvent()
    {
        var nothing = new Observations(
            new HashSet<Address>(),
            new Dictionary<DeployedMarket, HashSet<Address>>(),
            new HashSet<TouchedAsset>()
        );
        UnconfirmedDecrease[] unconfirmed =
        [
            new(new AssetKey(Ann, 0, Collateral), 10),
            new(new AssetKey(Bob, 1, 1), 9),
            new(new AssetKey(Bob, 0, Collateral), 11),
            new(new AssetKey(Ann, 99, 0), 1),
        ];
        var plan = UnconfirmedRules.With(nothing, Deployment, unconfirmed, block: 10);
        Assert.Equal([Ann], plan.Collateral);
        Assert.Equal([Bob], Assert.Single(plan.Shares).Value);
    }

    [Theory]
    [InlineData(MarketState.Open, true, true, null)]
    [InlineData(MarketState.Open, true, false, MarketState.Paused)]
    [InlineData(MarketState.Open, false, true, MarketState.Paused)] // Its end is not confirmed, so it is only paused.
    [InlineData(MarketState.Paused, true, true, MarketState.Open)]
    [InlineData(MarketState.Paused, true, false, null)]
    [InlineData(MarketState.Paused, false, true, null)]
    [InlineData(MarketState.Closed, true, true, null)]
    [InlineData(MarketState.Resolved, true, true, null)]
    public void AMarketTrades_WhileTheChainTradesIt_ConfirmedAndAtTheHead(
        MarketState here,
        bool confirmed,
        bool atHead,
        MarketState? next
    ) =>
        Assert.Equal(
            next,
            MarketRules.Next(here, new ChainMarket(IsOpen: true, IsPaused: !confirmed), new ChainMarket(IsOpen: atHead, IsPaused: false))
        );

    private static Dictionary<AssetKey, long> Ledger(long owned) => new() { [new(Ann, 0, Collateral)] = owned };

    private static MarketEvent.OrderFilled Fill(Address maker, BigInteger trade, bool isBuy, int ticks, long lots) =>
        new(
            new EventLogPosition(Market.Address, 1, Hash32.Zero, Hash32.Zero, 0),
            Hash32.Zero,
            maker,
            trade,
            0,
            isBuy,
            ticks * OrderMessage.PricePerTick,
            lots * OrderMessage.AmountPerLot
        );
}
