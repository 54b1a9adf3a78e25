using Foresight.Api.Operations.Details;
using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Details;

public sealed class TimelineRulesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Hash32 Sent = Hash32.Parse("0x" + new string('5', 64));

    [Theory]
    [InlineData("open", null)]
    [InlineData("partially_filled", null)]
    [InlineData("filled", "filled")]
    [InlineData("cancelled", "cancelled")]
    [InlineData("expired", "expired")]
    [InlineData("rejected", "rejected")]
    public void AnOrder_IsSequencedAndCommitted_AndEndsInOneWay(string status, string? end)
    {
        var stages = TimelineRules.Of(new OrderFacts(status, "unfunded", Noon, Noon.AddSeconds(5), 3, 40, 44)).ToList();
        string[] expected = ["sequenced", "committed", .. end is null ? Array.Empty<string>() : [end]];
        Assert.Equal(expected, stages.Select(stage => stage.Stage));
        Assert.Equal((Noon, 3L, 40L), (stages[0].At, stages[0].Epoch, stages[0].Sequence));
        Assert.Null(stages[1].At);
        if (end is not null)
            Assert.Equal((Noon.AddSeconds(5), "unfunded", 44L), (stages[2].At, stages[2].Reason, stages[2].Sequence));
    }

    [Theory]
    [InlineData(TradeStates.Matched, false, false, "matched")]
    [InlineData(TradeStates.Batched, true, false, "matched batched")]
    [InlineData(TradeStates.Broadcast, true, false, "matched batched broadcast")]
    [InlineData(TradeStates.Mined, true, true, "matched batched broadcast mined")]
    [InlineData(TradeStates.Final, true, true, "matched batched broadcast mined final")]
    [InlineData(TradeStates.Failed, true, true, "matched batched broadcast mined failed")]
    [InlineData(TradeStates.Failed, false, false, "matched failed")]
    [InlineData(TradeStates.Final, false, true, "matched mined final")]
    public void ATrade_HasTheStagesThatItsRowShows(string state, bool hasBatch, bool isInABlock, string expected)
    {
        var batch = hasBatch ? new BatchFacts(8, 2, Sent, Noon.AddSeconds(1), null, null) : null;
        var trade = TradeOf(state, null, isInABlock ? 77 : null, batch);
        Assert.Equal(expected, string.Join(' ', TimelineRules.Of(trade).Select(stage => stage.Stage)));
        Assert.All(TimelineRules.Of(trade), stage => Assert.Equal(5, stage.TradeId));
    }

    [Fact]
    public void ATimeThatTheJournalDoesNotKeep_IsUnknown_AndNotThatOfAnotherStage()
    {
        var old = new BatchFacts(8, 2, Sent, Noon.AddSeconds(1), BroadcastAt: null, MinedAt: null);
        var stages = TimelineRules.Of(TradeOf(TradeStates.Final, null, 77, old)).ToDictionary(stage => stage.Stage);
        Assert.Equal((Noon, Noon.AddSeconds(1)), (stages["matched"].At, stages["batched"].At));
        Assert.Null(stages["broadcast"].At);
        Assert.Null(stages["mined"].At);
        Assert.Equal(Noon.AddSeconds(9), stages["final"].At);

        var mined = TimelineRules.Of(TradeOf(TradeStates.Mined, null, 77, old)).Last();
        Assert.Equal(("mined", Noon.AddSeconds(8), 77L), (mined.Stage, mined.At, mined.BlockNumber));
    }

    [Fact]
    public void ATradeThatAPausedMarketRefused_HasItsReasonWhereItWaits()
    {
        var batch = new BatchFacts(8, 2, Sent, Noon, Noon, null);
        var stages = TimelineRules.Of(TradeOf(TradeStates.Broadcast, "market_paused", null, batch)).ToList();
        Assert.Equal(("broadcast", "market_paused", Sent.ToString()), (stages[^1].Stage, stages[^1].Reason, stages[^1].TransactionHash));
    }

    private static TradeFacts TradeOf(string state, string? reason, long? block, BatchFacts? batch) =>
        new(
            5,
            state,
            reason,
            Noon,
            Noon.AddSeconds(8),
            state == TradeStates.Final ? Noon.AddSeconds(9) : null,
            block is null ? null : Sent,
            block,
            3,
            41,
            batch
        );
}
