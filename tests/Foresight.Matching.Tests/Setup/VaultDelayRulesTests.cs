using Foresight.Chain.Contracts;
using Foresight.Matching.Settlement;
using Foresight.Matching.Setup;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Matching.Tests.Setup;

[Trait("Category", "Firm")]
public sealed class VaultDelayRulesTests
{
    [Theory]
    [InlineData(64, 2, false, 264, 600, "264 blocks", "at least 265")]
    [InlineData(64, 2, false, 265, 599, "599 seconds", "at least 600")]
    [InlineData(12, 2, true, 28, 1, "28 blocks", "at least 29")]
    public void DelayThatADeepReorganisationUsesUp_IsRefused_WithBothNumbers(
        int finality,
        int confirmations,
        bool isDevelopment,
        long blocks,
        long seconds,
        params string[] expected
    )
    {
        var rules = new VaultDelayRules(finality, confirmations, isDevelopment);
        var message = Assert.Throws<SettingException>(() => rules.Require(new WithdrawalDelay(blocks, seconds))).Message;
        Assert.All(expected, part => Assert.Contains(part, message));
        Assert.Contains("FIRM_MONEY=false", message);
    }

    [Theory]
    [InlineData(64, 2, false, 265, 600)]
    [InlineData(12, 2, true, 29, 1)]
    public void LongerDelay_IsTaken(int finality, int confirmations, bool isDevelopment, long blocks, long seconds) =>
        Assert.Equal(blocks, new VaultDelayRules(finality, confirmations, isDevelopment).Require(new(blocks, seconds)).Blocks);

    [Fact]
    public void Settings_OfTheDevelopmentChain_FitByDefault_AndOtherwiseNameWhatToMend()
    {
        Assert.Equal(12, SettlementOptions.From(Settings()).FinalityBlocks);
        Assert.Equal(64, SettlementOptions.From(Settings(("CHAIN_ID", "137"))).FinalityBlocks);
        Assert.Equal(SetupOptions.DevelopmentDelay, SetupOptions.From(Settings()).VaultDelay);

        (string, string?)[] deep = [("SETTLEMENT_FINALITY_BLOCKS", "64")];
        var message = Assert.Throws<SettingException>(() => SetupOptions.From(Settings(deep))).Message;
        Assert.Contains("SETTLEMENT_FINALITY_BLOCKS 64", message);
        Assert.Contains("30 blocks", message);
        Assert.Null(SetupOptions.From(Settings([.. deep, ("FIRM_MONEY", "false")])).VaultDelay);
    }

    private static IConfiguration Settings(params (string Name, string? Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(v => new KeyValuePair<string, string?>(v.Name, v.Value))).Build();
}
