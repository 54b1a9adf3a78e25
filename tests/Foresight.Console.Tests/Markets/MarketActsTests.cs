using System.Text.Json;
using Bunit;
using Foresight.Console.Decisions;
using Foresight.Console.Markets;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets;

[Trait("Category", "Console")]
public sealed class MarketActsTests : ConsoleContext
{
    private MarketControl _control = Control();

    [Fact]
    public void APause_NeedsAReason_AndNothingElse()
    {
        var page = Shown();
        Assert.False(CanPress(page, "Pause now"));
        Field(page, "Reason").Input("   ");
        Assert.False(CanPress(page, "Pause now"));
        Assert.False(HasButton(page, "Resume…"));

        Field(page, "Reason").Input("  odd fills ");
        Api.Answer("/admin/markets/7/acts", () => Control(MarketStates.Open, MarketStates.Paused));
        Button(page, "Pause now").Click();
        page.WaitForAssertion(() => Assert.Equal(("pause", "odd fills"), LastAct()));
        page.WaitForAssertion(() => Assert.Equal("", Field(page, "Reason").TextContent));
    }

    [Fact]
    public void WhatTheLeaderHasNotAppliedYet_IsNamed()
    {
        _control = Control(MarketStates.Open, MarketStates.Paused);
        var page = Shown();
        Assert.Contains("The market will be paused within a second", Text(page));
        Assert.False(HasButton(page, "Pause now"));
    }

    [Fact]
    public void AMarketThatNoOperatorHolds_IsPaused_UntilTheChainTradesIt()
    {
        const string Words = "Paused; it opens when the chain trades it and that is confirmed.";
        _control = Control(MarketStates.Paused);
        Assert.Contains(Words, Text(Shown()));
        _control = Control(MarketStates.Paused, MarketStates.Paused);
        Assert.DoesNotContain(Words, Text(Shown()));
        _control = Control();
        Assert.DoesNotContain(Words, Text(Shown()));
    }

    [Fact]
    public void AResume_PromisesNoTradeBeforeTheChain()
    {
        _control = Control(MarketStates.Paused, MarketStates.Paused) with { TakesTwoKeys = false };
        var page = Shown();
        Button(page, "Resume…").Click();
        Assert.Contains("so not while settlement is halted", Text(page));
        Field(page, "Reason").Input("all is well");
        Field(page, "Type").Input("resume 7");
        Api.Answer("/admin/markets/7/acts", () => Control(MarketStates.Paused));
        Button(page, "Resume").Click();
        page.WaitForAssertion(() =>
            Assert.Equal(["Market 7: is no longer held; it opens when the chain trades it and that is confirmed"], Notified)
        );
    }

    [Theory]
    [InlineData("Resume…", "resume", "resume 7")]
    [InlineData("Close…", "close", "close 7")]
    public void AResumeOrAClose_IsTyped_AndWaitsForASecondKey(string button, string action, string word)
    {
        _control = Control(MarketStates.Paused, MarketStates.Paused);
        var page = Shown();
        Button(page, button).Click();
        var confirm = $"Ask for a second key to {action}";
        Field(page, "Reason").Input("because");
        foreach (var wrong in new[] { "", action, $"{action} 8", word.ToUpperInvariant() })
        {
            Field(page, "Type").Input(wrong);
            Assert.False(CanPress(page, confirm));
        }

        Field(page, "Type").Input(word);
        _control = _control with { Waiting = new WaitingMarketAct(action, "Ada", "ada", Samples.Noon.AddMinutes(-2)) };
        Api.Answer("/admin/markets/7/acts", () => _control);
        Button(page, confirm).Click();
        page.WaitForAssertion(() => Assert.Equal((action, "because"), LastAct()));
        page.WaitForAssertion(() => Assert.Contains($"Ada (key ada) has decided to {action} this market, 2 min ago", Text(page)));
        Assert.True(HasButton(page, "Withdraw what waits"));
    }

    [Fact]
    public void WithOneKey_OrAsTheSecond_TheActIsDoneAtOnce_AndTheButtonSaysSo()
    {
        _control = Control(MarketStates.Paused, MarketStates.Paused) with { TakesTwoKeys = false };
        var page = Shown();
        Button(page, "Resume…").Click();
        Assert.True(HasButton(page, "Resume"));

        _control = Control(MarketStates.Paused, MarketStates.Paused) with
        {
            Waiting = new WaitingMarketAct("resume", "Bob", "bob", Samples.Noon),
        };
        page = Shown();
        Button(page, "Resume…").Click();
        Assert.True(HasButton(page, "Resume"));
    }

    [Fact]
    public void ARefusal_IsShownAsTheApiGivesIt_AndKeepsTheReason()
    {
        var page = Shown();
        Api.Problem("/admin/markets/7/acts", 409, "state_conflict");
        Field(page, "Reason").Input("odd fills");
        Button(page, "Pause now").Click();
        page.WaitForAssertion(() => Assert.Contains("state_conflict", Text(page)));
        Assert.True(CanPress(page, "Pause now"));
    }

    [Fact]
    public void AClosedMarket_OffersNothing()
    {
        _control = Control(MarketStates.Closed);
        var page = Shown();
        Assert.Contains("it takes no orders any more", Text(page));
        Assert.False(HasButton(page, "Pause now"));
        Assert.False(HasButton(page, "Close…"));
    }

    [Fact]
    public void Decisions_HaveWhoWhatAndWhy_AndLinkToWhatTheyAreAbout()
    {
        var account = Samples.Offender().Address;
        Api.Answer(
            "/admin/decisions?hours=24",
            () =>
                new DecisionLog(
                    Samples.Noon.AddDays(-1),
                    [
                        new(
                            Samples.Noon.AddMinutes(-1),
                            "Ada",
                            "ada",
                            "market",
                            "7",
                            "resume_first_key",
                            "paused",
                            "paused",
                            "All is well.",
                            null
                        ),
                        new(Samples.Noon.AddMinutes(-2), "Bob", null, "discrepancy", "12", "resolve", "open", "resolved", "Paid.", null),
                        new(Samples.Noon.AddMinutes(-3), "Bob", "bob", "offender", account, "reset", null, null, "Ours.", null),
                    ],
                    More: false
                )
        );
        var page = Render<DecisionsPage>();
        page.WaitForAssertion(() => Assert.Equal(3, Rows(page).Length));
        Assert.Equal(
            ["11:59:00 60 s ago", "Ada (key ada)", "resume first key", "market 7", "paused → paused", "All is well."],
            Rows(page)[0]
        );
        Assert.Equal("Bob", Rows(page)[1][1]);
        foreach (var link in new[] { "/markets/7", "/reconciliation/discrepancies/12", $"/offenders/{account}" })
            Assert.Contains(link, Links(page));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?hours=0")]
    [InlineData("?hours=99999")]
    public void ARangeThatThereIsNot_IsReadAsADay(string query)
    {
        Api.Answer("/admin/decisions?hours=24", () => new DecisionLog(Samples.Noon.AddDays(-1), [], More: false));
        Navigation.NavigateTo("/decisions" + query);
        var page = Render<DecisionsPage>();
        page.WaitForAssertion(() => Assert.Contains("Nothing was decided", Text(page)));
    }

    private IRenderedComponent<MarketPage> Shown()
    {
        Api.Answer("/markets/7", () => Samples.Market());
        Api.Answer("/markets/7/trades", Array.Empty<TradeView>);
        Api.Answer("/admin/markets/7", () => _control);
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.Contains("Operators", Text(page)));
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=market-control]")));
        return page;
    }

    private (string?, string?) LastAct()
    {
        var body = JsonDocument.Parse(Api.Bodies[^1]).RootElement;
        return (body.GetProperty("action").GetString(), body.GetProperty("note").GetString());
    }

    private static MarketControl Control(string state = MarketStates.Open, string? held = null) =>
        new(7, "Will it rain?", state, held, TakesTwoKeys: true, Waiting: null, Acts: []);
}
