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
            BalanceRules.Align([new BalanceView("USDC", owned, "0", "0", owned)], Chain(new ChainBalanceView("USDC", "1000", spendable)))
        );
        Assert.Equal((expected, expected != 0), (line.Difference, line.Differs));
    }

    [Fact]
    public void AssetBeyondThoseThatWereReadOnChain_HasNoDifference()
    {
        var lines = BalanceRules.Align(
            [new BalanceView("USDC", "1", "0", "0", "1"), new BalanceView("7:0", "2", "0", "0", "2")],
            Chain(new ChainBalanceView("USDC", "1", "1"))
        );
        Assert.Equal(["USDC", "7:0"], lines.Select(line => line.Asset));
        Assert.Equal([0m, null], lines.Select(line => line.Difference));
        Assert.False(lines[1].Differs);
    }

    [Fact]
    public void AssetThatOnlyTheChainHas_Differs()
    {
        var line = Assert.Single(BalanceRules.Align([], Chain(new ChainBalanceView("USDC", "7", "3"))));
        Assert.Equal(("USDC", null, 3m, true), (line.Asset, line.Here, line.Difference, line.Differs));
    }

    private static ChainAccountView Chain(params ChainBalanceView[] balances) => new(2_105, balances);
}
