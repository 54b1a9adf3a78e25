using System.Reflection;
using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Live;

public sealed class TonesTests
{
    private static readonly Type[] Shown =
    [
        typeof(DiscrepancyStates),
        typeof(Severities),
        typeof(TradeStates),
        typeof(NodeStates),
        typeof(MarketStates),
        typeof(RunStates),
        typeof(CoverageStates),
        typeof(OffenderLevels),
    ];

    private static readonly string[] Quiet =
    [
        DiscrepancyStates.Ignored,
        Severities.Low,
        NodeStates.Follower,
        NodeStates.Unknown,
        MarketStates.Closed,
        RunStates.Requested,
        TradeStates.Unsettled,
    ];

    [Fact]
    public void EveryStateOfTheApi_HasATone()
    {
        var words = Shown
            .SelectMany(type => type.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(field => field.IsLiteral)
            .Select(field => (string)field.GetRawConstantValue()!)
            .Distinct()
            .ToList();
        Assert.Equal(Quiet.Order(), words.Where(word => Tones.Of(word) == Tones.Quiet).Order());
    }

    [Fact]
    public void AnOpenMarketIsGood_AndAnOpenDiscrepancyIsNot()
    {
        Assert.Equal(Tones.Good, Tones.OfMarket(MarketStates.Open));
        Assert.Equal(Tones.Watch, Tones.Of(DiscrepancyStates.Open));
        Assert.Equal(Tones.Watch, Tones.OfMarket(MarketStates.Paused));
    }

    [Fact]
    public void ARepairThatWaitsForAPerson_IsNoFault()
    {
        Assert.Equal(Tones.Watch, Tones.OfRepair(RepairStates.Refused));
        Assert.Equal(Tones.Good, Tones.OfRepair(RepairStates.Planned));
        Assert.Equal(Tones.Bad, Tones.Of(OffenderLevels.Refused));
    }
}
