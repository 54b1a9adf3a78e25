using Bunit;
using Foresight.Console.Reconciliation;

namespace Foresight.Console.Tests.Reconciliation;

public sealed class EvidencePairsTests : ConsoleContext
{
    private const string First = "0x1111111111111111111111111111111111111111111111111111111111111111";
    private const string Second = "0x2222222222222222222222222222222222222222222222222222222222222222";

    [Fact]
    public void Fills_AreAlignedByTheirOrder_InWhateverOrderASideHasThem()
    {
        var pairs = EvidencePairs.Align(
            $$"""{"fills":[{"orderHash":"{{First}}","amount":"5"},{"orderHash":"{{Second}}","amount":"6"}]}""",
            $$"""{"fills":[{"orderHash":"{{Second}}","amount":"6"},{"orderHash":"{{First}}","amount":"7"}]}"""
        );
        Assert.Equal(["fills[1].orderHash", "fills[1].amount", "fills[2].orderHash", "fills[2].amount"], pairs.Select(pair => pair.Name));
        Assert.Equal(("5", "7", true), (pairs[1].OnChain, pairs[1].InJournal, pairs[1].Differs));
        Assert.Equal(["fills[1].amount"], pairs.Where(pair => pair.Differs).Select(pair => pair.Name));
    }

    [Fact]
    public void FillThatOneSideLacks_Differs_AndAFieldThatOnlyOneSideHasDoesNot()
    {
        var pairs = EvidencePairs.Align(
            $$"""{"blockHash":"{{First}}","tradeId":"1","fills":[{"orderHash":"{{Second}}"}]}""",
            """{"tradeId":1,"settlement":"final","fills":[]}"""
        );
        Assert.Equal(["fills[1].orderHash"], pairs.Where(pair => pair.Differs).Select(pair => pair.Name));
        Assert.Equal((First, null), (pairs[0].OnChain, pairs[0].InJournal));
    }

    [Fact]
    public void WithoutTheOtherSide_NothingDiffers() =>
        Assert.DoesNotContain(EvidencePairs.Align("""{"tradeId":"1","fills":[{"amount":"5"}]}""", null), pair => pair.Differs);

    [Theory]
    [InlineData("fills[1].price", "630000", "0.63 USDC")]
    [InlineData("price", "1000000", "1.00 USDC")]
    [InlineData("price", "not a number", "not a number")]
    [InlineData("amount", "2830000000000000000", "2.83 shares")]
    [InlineData("fills[2].amount", "123456789012345678901234567890", "123456789012.34567890123456789 shares")]
    [InlineData("isBuy", "true", "buy")]
    [InlineData("fills[1].isBuy", "false", "sell")]
    [InlineData("fills[1].outcome", "1", "No")]
    [InlineData("outcome", "7", "7")]
    [InlineData("units", "630000", "630000")]
    public void Values_AreInUnitsThatAPersonReads(string name, string value, string shown) =>
        Assert.Equal(shown, EvidencePairs.Shown(name, value, Samples.Market()));

    [Fact]
    public void Table_MarksWhatDiffers_AndHasTheRawValueInItsTitle()
    {
        var shown = Render<BothSides>(set =>
            set.Add(part => part.OnChain, """{"amount":"5000000000000000000","kind":0}""")
                .Add(part => part.InJournal, """{"amount":"6000000000000000000","kind":0}""")
        );
        Assert.Equal(
            [
                ["amount ≠", "5.00 shares", "6.00 shares"],
                ["kind", "0", "0"],
            ],
            Rows(shown)
        );
        Assert.Equal("amount ≠", Text(shown.Find("tr.row-differs td")));
        Assert.NotEmpty(shown.FindAll("[title='6000000000000000000']"));
    }

    [Fact]
    public void SideThatHasNothing_SaysSo()
    {
        Assert.Contains("The journal knows nothing of it.", Text(Render<BothSides>(set => set.Add(part => part.OnChain, """{"a":1}"""))));
        Assert.Contains(
            "The chain has nothing of it in the blocks that were compared.",
            Text(Render<BothSides>(set => set.Add(part => part.InJournal, """{"a":1}""")))
        );
    }
}
