using AngleSharp.Dom;
using Bunit;
using Foresight.Console.Lookup;
using Foresight.Protocol;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Foresight.Console.Tests.Lookup;

public sealed class LookupTests : ConsoleContext
{
    private const string OrderQuestion = "/admin/lookup?q=0xabcdef";

    private static readonly LookupHit Order = new(LookupKinds.Order, Samples.Hash, "buy 1 of 7:0", $"/admin/orders/{Samples.Hash}");
    private static readonly LookupHit Market = new(LookupKinds.Market, "7", "Will it rain?", "/markets/7");

    private LookupView _answer = Found(Order, Market);

    public LookupTests() => Api.Answer("/admin/lookup", () => _answer);

    [Fact]
    public void Text_IsAskedWhenTypingPauses_AndOnlyTheLastOne()
    {
        var panel = Render<LookupPanel>(set => set.Add(shown => shown.Id, "x"));
        Type(panel, "0xabc");
        Type(panel, "0xabcdef");
        Assert.Empty(Api.Asked);
        Clock.Advance(LookupPanel.Pause);
        panel.WaitForAssertion(() => Assert.Equal(["order", "market"], Kinds(panel)));
        Assert.Equal([OrderQuestion], Api.Asked);
        Assert.Equal([$"/orders/{Samples.Hash}", "/markets/7"], Links(panel));
    }

    [Fact]
    public async Task AnswerToAQuestionThatWasReplaced_IsNotShown()
    {
        var early = Api.Hold(OrderQuestion);
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.Equal([OrderQuestion], Api.Asked));
        _answer = Found(Market);
        Type(panel, "rain");
        Clock.Advance(LookupPanel.Pause);
        panel.WaitForAssertion(() => Assert.Equal(["market"], Kinds(panel)));

        _answer = Found(Order);
        await Task.Run(early.SetResult);
        await panel.InvokeAsync(() => { });
        Assert.Equal(["market"], Kinds(panel));
    }

    [Fact]
    public void Arrows_ChooseInACircle_AndEnterOpens()
    {
        var panel = Found();
        Assert.Equal("x-hit-0", Input(panel).GetAttribute("aria-activedescendant"));
        Press(panel, "ArrowDown");
        Assert.Equal("market", Text(panel.Find("[aria-selected=true] .lookup-kind")));
        Press(panel, "ArrowDown");
        Assert.Equal("order", Text(panel.Find("[aria-selected=true] .lookup-kind")));
        Press(panel, "ArrowUp");
        Press(panel, "Enter");
        Assert.Equal("/markets/7", Address);
    }

    /// <summary>What is pasted and sent at once must not open a hit of an earlier text.</summary>
    [Fact]
    public void Enter_BeforeTheAnswer_OpensItsFirstHit()
    {
        _answer = Found(Market);
        var panel = Found();
        _answer = Found(Order);
        Type(panel, "0xabcdef");
        Press(panel, "Enter");
        Assert.Equal("/", Address);
        Clock.Advance(LookupPanel.Pause);
        panel.WaitForAssertion(() => Assert.Equal($"/orders/{Samples.Hash}", Address));
    }

    [Fact]
    public void Enter_WithoutAHit_StaysHere()
    {
        _answer = Found([]);
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.Contains("Nothing found for “0xabcdef”.", Text(panel)));
        Press(panel, "Enter");
        Press(panel, "ArrowDown");
        Assert.Equal("/", Address);
    }

    [Fact]
    public void KindThatCouldNotBeRead_IsNamed_AndNothingFoundIsNotSaidOfIt()
    {
        _answer = Found([]) with { Unavailable = new Dictionary<string, string> { [LookupKinds.Node] = "no answer in time" } };
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.Contains("Nothing found for “0xabcdef” in what could be read.", Text(panel)));
        Assert.Contains("Could not be searched: nodes (no answer in time)", Text(panel));
    }

    [Fact]
    public void Outage_IsNotAnEmptyAnswer()
    {
        Api.Problem("/admin/lookup", 503, ProblemCodes.Unavailable);
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.Contains("Nothing can be looked up now: node-1: because of unavailable", Text(panel)));
        Assert.DoesNotContain("Nothing found", Text(panel));
        Assert.Single(panel.FindAll(".notice-danger"));

        Api.Answer("/admin/lookup", () => _answer);
        Type(panel, "rain");
        Clock.Advance(LookupPanel.Pause);
        panel.WaitForAssertion(() => Assert.Equal(2, Kinds(panel).Length));
        Assert.Empty(panel.FindAll(".notice"));
    }

    [Fact]
    public void TextThatTheApiRefuses_IsNoOutage()
    {
        Api.Problem("/admin/lookup", 400, ProblemCodes.MalformedRequest);
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.Contains("because of malformed_request", Text(panel)));
        Assert.Empty(panel.FindAll(".notice-danger"));
    }

    [Fact]
    public void EmptyText_ClearsTheHits_AndAsksNothing()
    {
        var panel = Found();
        Type(panel, "   ");
        Clock.Advance(LookupPanel.Pause);
        panel.WaitForAssertion(() => Assert.Empty(Kinds(panel)));
        Assert.Single(Api.Asked);
    }

    [Fact]
    public void RefusedKey_LeadsToTheSignIn()
    {
        Api.Problem("/admin/lookup", 401, ProblemCodes.Unauthorized);
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.StartsWith("/sign-in?refused=true", Address));
    }

    [Fact]
    public void HitOfAKindThatIsNotKnown_IsShownWithoutALink()
    {
        _answer = Found(new LookupHit("webhook", "9", "of a newer Api", "/admin/webhooks/9"));
        var panel = Found();
        Assert.Null(panel.Find("[role=option]").GetAttribute("href"));
        Press(panel, "Enter");
        Assert.Equal("/", Address);
    }

    [Fact]
    public void Dialog_ClosesWhenAHitIsOpened()
    {
        var dialog = Render<LookupDialog>();
        Type(dialog, "0xabcdef");
        Clock.Advance(LookupPanel.Pause);
        dialog.WaitForAssertion(() => Assert.Equal(2, Kinds(dialog).Length));
        // The frame is drawn again while the dialog is open, and must not take away what was typed.
        dialog.Render();
        Assert.Equal("0xabcdef", Input(dialog).GetAttribute("value"));

        Press(dialog, "Enter");
        dialog.WaitForAssertion(() => Assert.Equal("lookup", JSInterop.VerifyInvoke("foresight.close").Arguments.Single()));
        Assert.Equal($"/orders/{Samples.Hash}", Address);
    }

    [Fact]
    public void Page_AsksWhatItsAddressHas_AtOnce()
    {
        Navigation.NavigateTo("/lookup?q=0xabcdef");
        var page = Render<LookupPage>();
        page.WaitForAssertion(() => Assert.Equal(2, Kinds(page).Length));
        Assert.Equal("0xabcdef", Input(page).GetAttribute("value"));
    }

    [Fact]
    public void Page_KeepsWhatIsTyped_InItsAddress()
    {
        Navigation.NavigateTo("/lookup");
        var page = Render<LookupPage>();
        Assert.Empty(Api.Asked);
        Type(page, "will it rain");
        Clock.Advance(LookupPanel.Pause);
        page.WaitForAssertion(() => Assert.Equal(2, Kinds(page).Length));
        Assert.Equal("/lookup?q=will%20it%20rain", Address);
        Assert.Equal(["/admin/lookup?q=will%20it%20rain"], Api.Asked);

        Navigation.NavigateTo("/lookup?q=0xabcdef");
        page.WaitForAssertion(() => Assert.Contains(OrderQuestion, Api.Asked));
        Assert.Equal("0xabcdef", Input(page).GetAttribute("value"));
    }

    private static LookupView Found(params LookupHit[] hits) => new("0xabcdef", hits, new Dictionary<string, string>());

    private IRenderedComponent<LookupPanel> Found()
    {
        var panel = Asked("0xabcdef");
        panel.WaitForAssertion(() => Assert.Equal(_answer.Hits.Count, Kinds(panel).Length));
        return panel;
    }

    private IRenderedComponent<LookupPanel> Asked(string text)
    {
        var panel = Render<LookupPanel>(set => set.Add(shown => shown.Id, "x"));
        Type(panel, text);
        Clock.Advance(LookupPanel.Pause);
        return panel;
    }

    private static string[] Kinds(IRenderedComponent<IComponent> shown) => [.. shown.FindAll(".lookup-kind").Select(kind => Text(kind))];

    private static IElement Input(IRenderedComponent<IComponent> shown) => shown.Find("input[role=combobox]");

    private static void Type(IRenderedComponent<IComponent> shown, string text) => Input(shown).Input(text);

    private static void Press(IRenderedComponent<IComponent> shown, string key) =>
        Input(shown).KeyDown(new KeyboardEventArgs { Key = key });
}
