using System.Text.Json;
using Bunit;
using Foresight.Console.Lists;
using Foresight.Console.Markets;
using Foresight.Console.Markets.Proposals;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Markets.Proposals;

[Trait("Category", "Console")]
public sealed class ProposeTests : ConsoleContext
{
    private MarketProposals _proposals = new(TakesTwoKeys: true, []);

    [Theory]
    [InlineData("1", "resolve", 1)]
    [InlineData("void", "invalidate", null)]
    public void AnEnd_IsProposedWithAReason(string choice, string kind, int? outcome)
    {
        var page = MarketEnd();
        Assert.False(CanPress(page, "Propose it"));
        Field(page, "Why").Input(" It rained. ");
        Assert.False(CanPress(page, "Propose it"));
        Field(page, "What has come true").Change(choice);
        Api.Answer("/admin/market-proposals", () => Ended(ProposalStates.Proposed));
        Button(page, "Propose it").Click();
        page.WaitForAssertion(() => Assert.Equal(["Market 7: its end is proposed"], Notified));
        var body = JsonDocument.Parse(Api.Bodies[^1]).RootElement;
        Assert.Equal((kind, 7, "It rained."), (Word(body, "kind"), body.GetProperty("marketId").GetInt32(), Word(body, "note")));
        Assert.Equal(outcome, body.GetProperty("outcome").Deserialize<int?>());
    }

    [Fact]
    public void WhatIsOpen_IsShown_InsteadOfAnotherProposal()
    {
        _proposals = new MarketProposals(true, [Ended(ProposalStates.Proposed), Ended(ProposalStates.Withdrawn)]);
        var page = MarketEnd();
        Assert.False(HasButton(page, "Propose it"));
        Assert.Single(page.FindAll("[data-testid=proposal]"));
        Assert.Contains("Last proposal: “Yes” has won, withdrawn", Text(page));
    }

    [Fact]
    public void AResolvedMarket_TakesNoProposal()
    {
        _proposals = new MarketProposals(true, [Ended(ProposalStates.Done)]);
        var page = MarketEnd(MarketStates.Resolved, won: 0);
        Assert.Contains("Resolved: Yes has won", Text(page));
        Assert.False(HasButton(page, "Propose it"));
    }

    [Fact]
    public void TheMarketPage_ShowsItsEnd()
    {
        Api.Answer("/markets/7", () => Samples.Market());
        Api.Answer("/markets/7/trades", Array.Empty<TradeView>);
        Api.Answer("/admin/market-proposals?market=7", () => _proposals);
        var page = Render<MarketPage>(set => set.Add(shown => shown.Id, 7));
        page.WaitForAssertion(() => Assert.Single(page.FindAll("[data-testid=market-end]")));
        Assert.True(HasButton(page, "Propose it"));
    }

    [Fact]
    public void ANewMarket_IsProposedWithItsTerms()
    {
        Api.Answer("/admin/market-proposals", () => _proposals);
        var page = Render<NewMarketPage>();
        page.WaitForAssertion(() => Assert.Contains("No market is proposed", Text(page)));
        Field(page, "Question").Input(" Rain tomorrow? ");
        Field(page, "Outcomes").Input("Yes\n\n No \n");
        Field(page, "Why").Input("Asked for.");
        Assert.False(CanPress(page, "Propose it"));
        Field(page, "Tick").Change("0.01");
        Field(page, "Closes at").Input("2026-06-01T18:00:00");
        Button(page, "Propose it").Click();
        page.WaitForAssertion(() => Assert.Single(Api.Bodies));
        var body = JsonDocument.Parse(Api.Bodies[0]).RootElement;
        var market = body.GetProperty("market").Deserialize<NewMarketTerms>(JsonSerializerOptions.Web)!;
        Assert.Equal(("create", "Asked for."), (Word(body, "kind"), Word(body, "note")));
        Assert.Equal(
            ("Rain tomorrow?", "0.01", new DateTimeOffset(2026, 6, 1, 18, 0, 0, TimeSpan.Zero)),
            (market.Question, market.TickSize, market.ClosesAt)
        );
        Assert.Equal(["Yes", "No"], market.Outcomes!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Category", "Firm")]
    public void ANewMarket_MayBeFirmOnly_WhereThereIsAVault(bool hasVault)
    {
        _proposals = _proposals with { HasVault = hasVault };
        Api.Answer("/admin/market-proposals", () => _proposals);
        var page = Render<NewMarketPage>();
        page.WaitForAssertion(() => Assert.Contains("No market is proposed", Text(page)));
        Assert.Equal(hasVault ? 1 : 0, page.FindAll("[data-testid=new-firm-only]").Count);
        Field(page, "Question").Input("Rain tomorrow?");
        Field(page, "Outcomes").Input("Yes\nNo");
        Field(page, "Why").Input("Asked for.");
        Field(page, "Tick").Change("0.01");
        if (hasVault)
            page.Find("[data-testid=new-firm-only]").Change(true);
        Button(page, "Propose it").Click();
        page.WaitForAssertion(() => Assert.Single(Api.Bodies));
        var market = JsonDocument.Parse(Api.Bodies[0]).RootElement.GetProperty("market");
        Assert.Equal(hasVault, market.GetProperty("firmOnly").GetBoolean());
    }

    [Fact]
    [Trait("Category", "Firm")]
    public void AProposalOfAFirmOnlyMarket_ShowsThat_ToWhoApprovesIt()
    {
        var open = Ended(ProposalStates.Proposed) with { Kind = ProposalKinds.Create, MarketId = null, Outcome = null, TickSize = "0.01" };
        _proposals = new MarketProposals(true, [open]);
        Api.Answer("/admin/market-proposals", () => _proposals);
        var page = Render<NewMarketPage>();
        page.WaitForAssertion(() => Assert.Contains("0.01 USDC", Text(page)));
        Assert.DoesNotContain("firm ones alone", Text(page));
        _proposals = new MarketProposals(true, [open with { FirmOnly = true }]);
        Clock.Advance(TimeSpan.FromSeconds(2));
        page.WaitForAssertion(() => Assert.Contains("firm ones alone", Text(page)));
    }

    [Fact]
    public void Proposals_AreApprovedByTheirNumber_AndLinkToTheMarketTheyBecame()
    {
        var open = Ended(ProposalStates.Proposed) with
        {
            Id = 12,
            Kind = ProposalKinds.Create,
            MarketId = null,
            Outcome = null,
            TickSize = "0.01",
        };
        _proposals = new MarketProposals(true, [open, open with { Id = 11, State = ProposalStates.Done, MarketId = 9 }]);
        Api.Answer("/admin/market-proposals", () => _proposals);
        var page = Render<NewMarketPage>();
        page.WaitForAssertion(() => Assert.Contains("type create 12", Text(page)));
        Assert.Contains("0.01 USDC · closes when it is resolved", Text(page));
        Assert.Contains("/markets/9", Links(page));
    }

    [Fact]
    public void EndedProposals_AreAList_AndAFile()
    {
        Navigation.NavigateTo("/markets/new?ended.sort=by&ended.hide=at,approved,transaction");
        var one = Samples.Proposal(ProposalStates.Withdrawn);
        _proposals = new MarketProposals(
            true,
            [one, one with { Id = 2, State = ProposalStates.Lapsed, Proposed = one.Proposed with { By = "Abel" } }]
        );
        Api.Answer("/admin/market-proposals", () => _proposals);
        var page = Render<NewMarketPage>();
        page.WaitForAssertion(() =>
            Assert.Equal(
                [
                    ["Will it rain?", "lapsed", "Abel", "It is over."],
                    ["Will it rain?", "withdrawn", "Ada", "It is over."],
                ],
                Rows(page)
            )
        );
        Assert.Contains("/export/ended-proposals?format=csv&ended.sort=by&ended.hide=at,approved,transaction", Links(page));
        Assert.DoesNotContain("the newest", Text(page));
    }

    [Fact]
    public void ProposalsThatHaveNoRoom_AreNotHidden()
    {
        _proposals = new MarketProposals(
            true,
            [.. Enumerable.Range(1, ListExports.MaxProposals).Select(id => Samples.Proposal(ProposalStates.Done, id))]
        );
        Api.Answer("/admin/market-proposals", () => _proposals);
        var page = Render<NewMarketPage>();
        page.WaitForAssertion(() => Assert.Contains("Ended proposals the newest", Text(page)));
    }

    private IRenderedComponent<MarketEnd> MarketEnd(string state = MarketStates.Open, int? won = null) =>
        Render<MarketEnd>(set =>
            set.Add(end => end.Market, Samples.Market(state: state) with { ResolvedOutcome = won }).Add(end => end.Proposals, _proposals)
        );

    private static string? Word(JsonElement body, string name) => body.GetProperty(name).GetString();

    private static MarketProposalView Ended(string state) => Samples.Proposal(state);
}
