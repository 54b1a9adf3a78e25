using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Settlement;

public class BatchProgressRulesTests
{
    private static readonly byte[] Hash = [1, 2, 3];

    [Theory]
    // After a crash between storing and broadcasting it is unknown whether the bytes were sent, so they are sent again, unless
    // there is a receipt.
    [InlineData(BatchStates.Signed, null, false, BatchStep.Send)]
    [InlineData(BatchStates.Signed, 101L, false, BatchStep.RecordMined)]
    [InlineData(BatchStates.Broadcast, null, true, BatchStep.Wait)]
    [InlineData(BatchStates.Broadcast, null, false, BatchStep.Send)]
    [InlineData(BatchStates.Broadcast, 101L, true, BatchStep.RecordMined)]
    [InlineData(BatchStates.Final, 101L, true, BatchStep.Wait)]
    [InlineData(BatchStates.Failed, 101L, true, BatchStep.Wait)]
    public void Next_BeforeItIsMined(string state, long? receipt, bool known, BatchStep expected) =>
        Assert.Equal(expected, Next(new BatchFacts(state, null, null, 100), new ChainFacts(101, receipt, null, known)));

    [Theory]
    [InlineData(104, BatchStep.Wait)]
    [InlineData(105, BatchStep.Replace)]
    public void Next_ReplacesOneThatIsStuckFor5Blocks(long head, BatchStep expected) =>
        Assert.Equal(expected, Next(new BatchFacts(BatchStates.Broadcast, null, null, 100), new ChainFacts(head, null, null, true)));

    [Theory]
    [InlineData(101, BatchStep.Wait)]
    [InlineData(102, BatchStep.Finish)]
    public void Next_FinishesWhenItIsConfirmed(long head, BatchStep expected) =>
        Assert.Equal(expected, Next(new BatchFacts(BatchStates.Mined, 100, Hash, 99), new ChainFacts(head, 100, [1, 2, 3], true)));

    [Fact]
    public void Next_TakesAReorganisedBatchBack_HoweverDeepItWas()
    {
        var mined = new BatchFacts(BatchStates.Mined, 100, Hash, 99);
        Assert.Equal(BatchStep.BackToBroadcast, Next(mined, new ChainFacts(150, null, [9, 9, 9], true)));
        // A node that does not have the block lags behind, so it proves nothing.
        Assert.Equal(BatchStep.Wait, Next(mined, new ChainFacts(98, null, null, true)));
    }

    private static BatchStep Next(BatchFacts batch, ChainFacts chain) =>
        BatchProgressRules.Next(batch, chain, confirmations: 2, stuckAfterBlocks: 5);
}
