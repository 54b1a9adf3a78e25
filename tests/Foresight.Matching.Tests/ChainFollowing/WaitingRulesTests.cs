using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;

namespace Foresight.Matching.Tests.ChainFollowing;

[Trait("Category", "Firm")]
public sealed class WaitingRulesTests
{
    private static readonly Address Eve = PrivateKey.OfPhrase("eve").Address;
    private static readonly AssetKey Purse = new(Eve, 0, Command.CollateralOutcome, Engine.Purse.Vault);

    /// <summary>
    /// The balance at the final block is 100, and the present one 120: the lesser of both would believe 30 of the deposit.
    /// </summary>
    [Fact]
    public void WhatLeftSinceTheFinalBlock_IsMissing_HoweverMuchHasComeSince()
    {
        var waiting = WaitingRules.Of([], [new(Purse, Block: 12, Units: 50)], [], final: 10);
        Assert.Equal(70, waiting.Of(new ChainHolding(Eve, null, 0, 120, Engine.Purse.Vault), paid: 0).Units);
    }

    [Fact]
    public void WhatIsFinal_IsDue_AndWaitsNoMore()
    {
        var waiting = WaitingRules.Of([new(Purse, Block: 10, Units: 50), new(Purse, Block: 11, Units: 7)], [], [], final: 10);
        Assert.Equal([Purse], waiting.Due);
        Assert.Equal(7, waiting.Units[Purse]);
    }

    [Fact]
    public void WhatHasLeftAgain_TakesNoMoreThanThereIs_AndWhatACoSignatureHasPaidIsHeldStill()
    {
        var waiting = WaitingRules.Of([], [new(Purse, Block: 12, Units: 50)], [new(Purse, long.MaxValue, 80, TradeId: 3)], final: 10);
        Assert.Equal(20, waiting.Of(new ChainHolding(Eve, null, 0, 100, Engine.Purse.Vault), paid: 20).Units);
    }
}
