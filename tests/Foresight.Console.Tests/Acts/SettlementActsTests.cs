using System.Text.Json;
using Bunit;
using Foresight.Console.Settlement;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Acts;

[Trait("Category", "Console")]
public sealed class SettlementActsTests : ConsoleContext
{
    private static readonly OperatorHold Hold = new("settlement", "all", Samples.Noon.AddMinutes(-5), "Ada", "ada", "Odd gas.");

    private OperatorControls _controls = new(TakesTwoKeys: true, [], []);
    private SettlementDetail _detail = Samples.SettlementDetail();

    public SettlementActsTests()
    {
        Api.Answer("/admin/settlement", () => _detail);
        Api.Answer("/admin/settlement/batches", () => new Page<BatchView>([], null));
        Api.Answer("/admin/history", () => Samples.History());
        Api.Answer("/admin/overview", () => Samples.Overview() with { Controls = _controls });
    }

    [Fact]
    public void AHalt_NeedsAReason_AndNothingElse_AndIsShownAtOnce()
    {
        var page = Shown();
        Assert.False(HasButton(page, "Resume…"));
        Field(page, "Reason").Input("   ");
        Assert.False(CanPress(page, "Halt now"));
        Assert.Contains("“Halt now” needs a reason first.", Text(page));
        Field(page, "Reason").Input("  odd gas ");
        Assert.DoesNotContain("needs a reason first", Text(page));
        Api.Answer("/admin/settlement/acts", () => _controls with { Holds = [Hold] });
        Button(page, "Halt now").Click();
        page.WaitForAssertion(() => Assert.Equal(("halt", "odd gas"), LastAct()));
        page.WaitForAssertion(() =>
            Assert.Contains(
                "Settlement is halted by an operator since 11:55:00 5 min ago by Ada (key ada): Odd gas.",
                Text(page.Find("[role=alert]"))
            )
        );
        Assert.False(HasButton(page, "Halt now"));
        Assert.True(HasButton(page, "Resume…"));
        Assert.Equal(["Settlement: is halted"], Notified);
    }

    [Fact]
    public void AResume_IsTyped_AndWaitsForASecondKey()
    {
        _controls = _controls with { Holds = [Hold] };
        var page = Shown();
        Button(page, "Resume…").Click();
        Field(page, "Reason").Input("all is well");
        foreach (var wrong in new[] { "", "resume", "RESUME SETTLEMENT" })
        {
            Field(page, "Type").Input(wrong);
            Assert.False(CanPress(page, "Ask for a second key to resume"));
        }

        Field(page, "Type").Input("resume settlement");
        Api.Answer(
            "/admin/settlement/acts",
            () => _controls with { Waiting = [new("settlement", "all", "resume", "Bob", "bob", Samples.Noon.AddMinutes(-1))] }
        );
        Button(page, "Ask for a second key to resume").Click();
        page.WaitForAssertion(() => Assert.Contains("Bob (key bob) has decided to resume, 60 s ago", Text(page)));
        Assert.True(HasButton(page, "Withdraw what waits"));
        // As the second, or with one key, it is done at once.
        Button(page, "Resume…").Click();
        Assert.True(HasButton(page, "Resume"));
        Assert.Equal(["Settlement: waits for a second key to resume"], Notified);
    }

    [Fact]
    public void AfterAReorganisation_TheOperatorVouchesForTheChain()
    {
        _detail = Samples.SettlementDetail(halted: "the chain undid more than 64 blocks.");
        _controls = _controls with { TakesTwoKeys = false };
        var page = Shown();
        Assert.Contains("Nothing is sent until an operator resumes it.", Text(page.Find("[role=alert]")));
        Assert.True(HasButton(page, "Halt now"));
        Button(page, "Allow and resume…").Click();
        Field(page, "Reason").Input("checked with two explorers");
        Field(page, "Type").Input("resume settlement");
        Assert.False(CanPress(page, "Allow and resume"));
        Field(page, "Type").Input("the chain is right");
        Api.Answer("/admin/settlement/acts", () => _controls);
        Button(page, "Allow and resume").Click();
        page.WaitForAssertion(() => Assert.Equal(("resume", "checked with two explorers"), LastAct()));
    }

    [Fact]
    public void ARefusal_IsShownAsTheApiGivesIt_AndKeepsTheReason()
    {
        var page = Shown();
        Api.Problem("/admin/settlement/acts", 409, "state_conflict");
        Field(page, "Reason").Input("odd gas");
        Button(page, "Halt now").Click();
        page.WaitForAssertion(() => Assert.Contains("state_conflict", Text(page)));
        Assert.True(CanPress(page, "Halt now"));
    }

    private IRenderedComponent<SettlementPage> Shown()
    {
        var page = Render<SettlementPage>();
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("[data-testid=act-settlement-note]")));
        page.WaitForAssertion(() => Assert.Contains("Chain head", Text(page)));
        return page;
    }

    private (string?, string?) LastAct()
    {
        var body = JsonDocument.Parse(Api.Bodies[^1]).RootElement;
        return (body.GetProperty("action").GetString(), body.GetProperty("note").GetString());
    }
}
