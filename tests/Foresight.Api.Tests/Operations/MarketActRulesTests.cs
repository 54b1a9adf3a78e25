using Foresight.Api.Operations.Markets;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

[Trait("Category", "Console")]
public sealed class MarketActRulesTests
{
    [Theory]
    [InlineData("open", null, "paused")]
    [InlineData("paused", null, "paused")] // Paused by the chain, which would open it again.
    [InlineData("open", "paused", null)]
    [InlineData("paused", "paused", null)]
    [InlineData("open", "closed", null)]
    [InlineData("closed", null, null)]
    [InlineData("resolved", null, null)]
    public void APause_TakesOneKey_UnlessThereIsOneOrTheMarketHasEnded(string state, string? held, string? next)
    {
        foreach (var takesTwo in new[] { true, false })
        {
            var judgement = Judge(state, held, MarketActions.Pause, "ada", takesTwo: takesTwo);
            Assert.Equal(next is null ? "state_conflict" : null, judgement.Refusal?.Code);
            Assert.Equal((next ?? held, false), (judgement.Held, judgement.Waits));
        }
    }

    [Theory]
    [InlineData(MarketActions.Resume, null)]
    [InlineData(MarketActions.Close, "closed")]
    public void AResumeAndAClose_TakeTwoDifferentKeys(string action, string? next)
    {
        var first = Judge("paused", "paused", action, "ada");
        Assert.Equal(("paused", true, null), (first.Held, first.Waits, first.Refusal));
        var same = Judge("paused", "paused", action, "ada", action, "ada");
        Assert.Equal("second_person_needed", same.Refusal?.Code);
        var second = Judge("paused", "paused", action, "grace", action, "ada");
        Assert.Equal((next, false, null), (second.Held, second.Waits, second.Refusal));
        // The second key has to decide the same: another decision begins again.
        var other = action == MarketActions.Resume ? MarketActions.Close : MarketActions.Resume;
        Assert.True(Judge("paused", "paused", action, "grace", other, "ada").Waits);
        // With one key there is no second person to wait for.
        var alone = Judge("paused", "paused", action, "admin", takesTwo: false);
        Assert.Equal((next, false, null), (alone.Held, alone.Waits, alone.Refusal));
    }

    [Theory]
    [InlineData("open", null, MarketActions.Resume)]
    [InlineData("paused", null, MarketActions.Resume)]
    [InlineData("closed", "closed", MarketActions.Resume)]
    [InlineData("closed", "closed", MarketActions.Close)]
    [InlineData("open", "closed", MarketActions.Close)]
    [InlineData("resolved", null, MarketActions.Close)]
    [InlineData("open", null, MarketActions.Withdraw)]
    public void WhatTheStateDoesNotAllow_IsAConflict_AndChangesNothing(string state, string? held, string action)
    {
        var judgement = Judge(state, held, action, "ada");
        Assert.Equal(("state_conflict", held, false), (judgement.Refusal?.Code, judgement.Held, judgement.Waits));
    }

    [Fact]
    public void APause_KeepsAClosingThatWaits_SoThatNoStepIsUndoneInSilence()
    {
        Assert.True(Judge("open", null, MarketActions.Pause, "grace", MarketActions.Close, "ada").KeepsWaiting);
        Assert.False(Judge("open", null, MarketActions.Withdraw, "grace", MarketActions.Close, "ada").KeepsWaiting);
        Assert.False(Judge("open", null, MarketActions.Close, "grace", MarketActions.Close, "ada").KeepsWaiting);
    }

    [Fact]
    public void AWithdrawal_LeavesWhatOperatorsWant_AndNothingWaiting()
    {
        var judgement = Judge("paused", "paused", MarketActions.Withdraw, "grace", MarketActions.Close, "ada");
        Assert.Equal(("paused", false, null), (judgement.Held, judgement.Waits, judgement.Refusal));
    }

    [Theory]
    [InlineData(null, "why")]
    [InlineData("stop", "why")]
    [InlineData("PAUSE", "why")]
    [InlineData("pause", null)]
    [InlineData("pause", " \n ")]
    public void AnUnknownActionOrNoReason_IsMalformed(string? action, string? note) =>
        Assert.Equal("malformed_request", MarketActRules.Read(new MarketActRequest(action, note)).Problem?.Code);

    [Fact]
    public void AReason_HasABound()
    {
        Assert.Null(MarketActRules.Read(new MarketActRequest("pause", new string('x', 2_000))).Problem);
        Assert.NotNull(MarketActRules.Read(new MarketActRequest("pause", new string('x', 2_001))).Problem);
    }

    private static MarketJudgement Judge(
        string state,
        string? held,
        string action,
        string key,
        string? secondAction = null,
        string? secondKey = null,
        bool takesTwo = true
    ) => MarketActRules.Judge(new MarketFacts(state, held, secondAction, secondKey), action, key, takesTwo);
}
