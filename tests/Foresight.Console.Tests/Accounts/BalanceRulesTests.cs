using Foresight.Console.Accounts;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Accounts;

public sealed class BalanceRulesTests
{
    [Theory]
    [InlineData("100", "100", 0)]
    [InlineData("100.000001", "100", -0.000001)]
    [InlineData("0", "5", 5)]
    public void Difference_IsExact_AndOfWhatIsApproved(string owned, string spendable, decimal expected)
    {
        var line = Assert.Single(
            BalanceRules.Align(
                [new BalanceView("USDC", owned, "0", "0", owned)],
                Chain(new ChainBalanceView("USDC", "1000", spendable)),
                []
            )
        );
        Assert.Equal((expected, expected != 0), (line.Difference, line.Differs));
    }

    [Fact]
    public void AssetBeyondThoseThatWereReadOnChain_HasNoDifference()
    {
        var lines = BalanceRules.Align(
            [new BalanceView("USDC", "1", "0", "0", "1"), new BalanceView("7:0", "2", "0", "0", "2")],
            Chain(new ChainBalanceView("USDC", "1", "1")),
            []
        );
        Assert.Equal(["USDC", "7:0"], lines.Select(line => line.Asset));
        Assert.Equal([0m, null], lines.Select(line => line.Difference));
        Assert.False(lines[1].Differs);
    }

    [Fact]
    public void AssetThatOnlyTheChainHas_Differs()
    {
        var line = Assert.Single(BalanceRules.Align([], Chain(new ChainBalanceView("USDC", "7", "3")), []));
        Assert.Equal(("USDC", null, 3m, true), (line.Asset, line.Here, line.Difference, line.Differs));
    }

    /// <summary>100 owned, of which 10 are held by trades; a trade of 12.5 shares at 0.42 may bring 12.5 shares, or 7.25 USDC.</summary>
    [Theory]
    [InlineData("USDC", "90", TradeStates.Mined, false)]
    [InlineData("USDC", "89.99", TradeStates.Mined, true)]
    [InlineData("USDC", "107.25", TradeStates.Matched, false)]
    [InlineData("USDC", "107.26", TradeStates.Matched, true)]
    [InlineData("USDC", "101", TradeStates.Final, true)]
    [InlineData("7:1", "112.5", TradeStates.Mined, false)]
    [InlineData("8:1", "112.5", TradeStates.Mined, true)]
    public void OnlyWhatTradesInFlightDoNotExplain_Differs(string asset, string spendable, string settlement, bool differs)
    {
        var line = Assert.Single(
            BalanceRules.Align(
                [new BalanceView(asset, "100", "0", "10", "90")],
                Chain(new ChainBalanceView(asset, "1000", spendable)),
                [Samples.Trade(settlement: settlement)]
            )
        );
        Assert.Equal((differs, !differs), (line.Differs, line.IsInFlight));
    }

    private static ChainAccountView Chain(params ChainBalanceView[] balances) => new(2_105, balances);
}
