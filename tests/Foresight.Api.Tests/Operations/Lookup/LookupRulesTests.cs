using Foresight.Api.Operations.Lookup;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.Lookup;

public sealed class LookupRulesTests
{
    [Theory]
    [InlineData("matching-1", 0)]
    [InlineData("MATCHING-1", 0)]
    [InlineData("match", 1)]
    [InlineData("ing-", 2)]
    [InlineData("m", null)]
    [InlineData("api", null)]
    public void AName_IsFoundWhole_ByItsBeginning_OrByAPart(string text, int? rank) =>
        Assert.Equal(rank, LookupRules.RankOf(LookupText.Of(text)!, "matching-1"));

    [Fact]
    public void TheBestHit_ComesFirst_AndOfEquallyGoodOnesThatOfTheFirstKind()
    {
        RankedHit[] hits =
        [
            new(2, Hit(LookupKinds.Order)),
            new(0, Hit(LookupKinds.Node)),
            new(1, Hit(LookupKinds.Market)),
            new(0, Hit(LookupKinds.Trade)),
            new(1, Hit(LookupKinds.Account)),
        ];
        Assert.Equal(
            [LookupKinds.Trade, LookupKinds.Node, LookupKinds.Account, LookupKinds.Market],
            LookupRules.Best(hits, 4).Select(hit => hit.Kind)
        );
    }

    [Fact]
    [Trait("Category", "Console")]
    public void WhatIsFoundTwice_IsOneHit_InTheBetterWay()
    {
        var (near, exact) = (Hit(LookupKinds.Order) with { Title = "near" }, Hit(LookupKinds.Order) with { Title = "exact" });
        Assert.Equal([exact], LookupRules.Best([new(1, near), new(0, exact), new(1, near)], 4));
    }

    private static LookupHit Hit(string kind) => new(kind, "", "", "");
}
