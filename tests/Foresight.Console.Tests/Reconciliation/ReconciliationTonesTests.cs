using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Overview;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

/// <summary>The pause between two runs is 5 minutes here.</summary>
public sealed class ReconciliationTonesTests : ConsoleContext
{
    [Theory]
    [InlineData(9, Tones.Good)]
    [InlineData(11, "")]
    public void NothingOpen_IsGoodOnlyWhileItIsLookedFor(int minutes, string tone) =>
        Assert.Equal(tone, ReconciliationTones.OfOpen(Compared(minutes), Samples.Noon));

    [Fact]
    [Trait("Category", "Console")]
    public void NothingOpen_IsNotGood_WhenTheLastRunFailed_OrNoneWasMade()
    {
        var status = Compared(1);
        Assert.Equal(
            "",
            ReconciliationTones.OfOpen(status with { LastRun = status.LastRun! with { State = RunStates.Failed } }, Samples.Noon)
        );
        Assert.Equal("", ReconciliationTones.OfOpen(status with { LastRun = null }, Samples.Noon));
    }

    [Theory]
    [InlineData(9, "0", Tones.Good)]
    [InlineData(11, "0", "")]
    [InlineData(11, "-3.5", Tones.Watch)]
    public void EqualSums_AreGoodOnlyWhileTheyAreNew(int minutes, string delta, string tone)
    {
        var status = Compared(minutes);
        status = status with { Solvency = status.Solvency! with { Delta = delta } };
        Assert.Equal(tone, ReconciliationTones.OfSolvency(status, Samples.Noon));
    }

    [Theory]
    [InlineData(1, RunStates.Succeeded, "tone-good", "60 s ago")]
    [InlineData(1, RunStates.Failed, "muted", "60 s ago")]
    [InlineData(20, RunStates.Succeeded, "muted", "20 min ago")]
    public void Agreement_ShowsItsAge_AndIsGreenOnlyAfterANewRun(int minutes, string state, string tone, string age)
    {
        var status = Compared(minutes);
        var shown = Render<ReconciliationGlance>(set =>
            set.Add(one => one.Status, status with { LastRun = status.LastRun! with { State = state } })
        );
        Assert.Equal(tone, shown.Find("[data-testid=agree]").GetAttribute("class"));
        Assert.Contains($"agree up to block 2,100 {age}", Text(shown));
    }

    [Fact]
    public void SolvencyOfThePage_NamesItsAge()
    {
        Api.Answer("/admin/overview", () => Samples.Overview(reconciliation: Compared(20)));
        var page = Render<ReconciliationPage>();
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.Contains("Ledger and chain differ by 0 of 1,000.5 USDC, 20 min ago", Text(page)));
        Assert.Empty(page.FindAll(".figure-good"));
    }

    private static ReconciliationStatus Compared(int minutesAgo)
    {
        var (status, at) = (Samples.Reconciliation(open: 0), Samples.Noon.AddMinutes(-minutesAgo));
        return status with { LastRun = Samples.Run() with { FinishedAt = at }, Solvency = status.Solvency! with { At = at } };
    }
}
