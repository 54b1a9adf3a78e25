using Bunit;
using Foresight.Console.Reconciliation;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Reconciliation;

public abstract class ReconciliationContext : ConsoleContext
{
    protected ReconciliationContext()
    {
        Api.Answer("/admin/overview", () => Samples.Overview());
        Api.Answer(
            "/reconciliation/discrepancies",
            () => new CountedPage<DiscrepancyView>([.. Listed.Reverse()], null, Total ?? Listed.Count)
        );
        Api.Answer("/reconciliation/runs?", () => Runs);
        Api.Answer("/reconciliation/coverage", () => Covered);
        Navigation.NavigateTo("/reconciliation");
    }

    /// <summary>The least urgent first: the answer has them the other way round.</summary>
    private protected IReadOnlyList<DiscrepancyView> Listed { get; set; } =
    [
        Samples.Discrepancy(1, DiscrepancyStates.Resolved, Severities.Critical),
        Samples.Discrepancy(2, DiscrepancyStates.Acknowledged, Severities.Critical),
        Samples.Discrepancy(3, DiscrepancyStates.Open, Severities.Low),
        Samples.Discrepancy(4, DiscrepancyStates.Reopened, Severities.High),
    ];

    /// <summary>The newest page.</summary>
    private protected Page<RunView> Runs { get; set; } = new([Samples.Run(), Samples.Run(8, RunStates.Failed, "the chain was away")], null);

    /// <summary>The newest page.</summary>
    private protected Page<CoverageView> Covered { get; set; } =
        new([new CoverageView(100, 2_100, CoverageStates.Covered, 9, Samples.Noon, null)], null);

    /// <summary>Of all pages together; null: as many as are listed.</summary>
    private protected long? Total { get; set; }

    private protected IRenderedComponent<ReconciliationPage> Shown()
    {
        var page = Render<ReconciliationPage>();
        page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
        page.WaitForAssertion(() => Assert.Equal(4, Discrepancies(page).Length));
        page.WaitForAssertion(() => Assert.Contains("covered 100–2,100 run 9", Text(page)));
        page.WaitForAssertion(() => Assert.Contains("Compared to block 2,100", Text(page)));
        return page;
    }

    private protected static string[][] Discrepancies(IRenderedComponent<ReconciliationPage> page) =>
        [.. Rows(page).Where(row => row.Length == 10 && row[3] == DiscrepancyKinds.AmountMismatch)];
}
