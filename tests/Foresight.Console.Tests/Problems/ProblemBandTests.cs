using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Problems;
using Foresight.Console.Shell;
using Foresight.Protocol;
using Microsoft.AspNetCore.Components.Web;

namespace Foresight.Console.Tests.Problems;

public sealed class ProblemBandTests : ConsoleContext
{
    private AdminOverview _answer = Samples.Overview();

    public ProblemBandTests() => Api.Answer("/admin/overview", () => _answer);

    [Fact]
    public void Problem_IsOnEveryPage_WithItsStartItsMeaningAndWhereToAct_AndGoes()
    {
        var band = Render<ProblemBand>();
        Read();
        Assert.Equal("", Text(band));

        _answer = _answer with { Settlement = _answer.Settlement! with { Halted = "the nonce was used by another" } };
        Read();
        band.WaitForAssertion(() =>
            Assert.Equal(
                "Settlement is halted since 12:00:00 the nonce was used by another 5 trades wait. It goes on when an operator who has "
                    + "verified the chain resumes it. Settlement",
                Text(band)
            )
        );
        Assert.Equal(["/settlement"], Links(band));

        _answer = Samples.Overview();
        Read();
        band.WaitForAssertion(() => Assert.Equal("", Text(band)));
    }

    [Fact]
    public void Outage_IsAProblem_OfWhatWasReadLast()
    {
        var band = Render<ProblemBand>();
        Read();
        Clock.Advance(TimeSpan.FromSeconds(2));
        Api.Problem("/admin/overview", 503, ProblemCodes.Unavailable);
        Read();
        band.WaitForAssertion(() => Assert.StartsWith("No Api node answers since 12:00:00", Text(band), StringComparison.Ordinal));
    }

    [Fact]
    public void Tab_TellsHowManyThereAre()
    {
        var head = Render<HeadOutlet>();
        Render<ProblemBand>();
        Render<ConsoleTitle>(set => set.Add(title => title.Of, "Trades"));
        head.WaitForAssertion(() => Assert.Equal("Trades · Foresight", head.Find("title").TextContent));
        head.WaitForAssertion(() => Assert.Equal("favicon.svg", head.Find("link[rel=icon]").GetAttribute("href")));

        _answer = _answer with
        {
            Cluster = Samples.Cluster(leader: null),
            Settlement = _answer.Settlement! with { SignerBalanceEth = "0.01", LowBalanceEth = "0.1" },
        };
        Read();
        head.WaitForAssertion(() => Assert.Equal("(2) Trades · Foresight", head.Find("title").TextContent));
        head.WaitForAssertion(() => Assert.Equal("favicon-bad.svg", head.Find("link[rel=icon]").GetAttribute("href")));
    }

    /// <summary>Green means that every source answers.</summary>
    [Fact]
    public void Live_IsGreenOnlyWithoutASilentSource()
    {
        var bar = Render<TopBar>();
        Read();
        bar.WaitForAssertion(() => Assert.Equal(("live", "live"), Sign()));

        var database = Samples.Database();
        _answer = _answer with { Database = database with { Replicas = [database.Replicas[0] with { Healthy = false }] } };
        Read();
        bar.WaitForAssertion(() => Assert.Equal(("live live-watch", "live"), Sign()));

        _answer = _answer with { Database = database with { Primary = database.Primary with { Healthy = false } } };
        Read();
        bar.WaitForAssertion(() => Assert.Equal(("live live-bad", "partly live"), Sign()));

        // An operator's work, and no source of what is shown.
        _answer = Samples.Overview(reconciliation: Samples.Reconciliation() with { Critical = new CriticalView(2, Samples.Noon) });
        Read();
        bar.WaitForAssertion(() => Assert.Equal(("live", "live"), Sign()));

        (string, string) Sign() => (bar.Find(".live").ClassName!.Trim(), bar.Find(".live").TextContent);
    }

    private void Read() => Renderer.Dispatcher.InvokeAsync(() => Feed.StepAsync(CancellationToken.None)).GetAwaiter().GetResult();
}
