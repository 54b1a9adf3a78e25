using Bunit;
using Foresight.Console.Overview;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Overview;

public sealed class FailoverBarsTests : ConsoleContext
{
    [Fact]
    public void Bars_ShareOneScale_AndAPhaseIsAsWideAsItTook()
    {
        var slow = Samples.Failover(9) with
        {
            Phases = new Dictionary<string, double> { ["lease"] = 250, ["fenced"] = 1_000 },
        };
        var fast = Samples.Failover(8) with { Phases = new Dictionary<string, double> { ["fenced"] = 100 } };
        var bars = Failovers(slow, fast)
            .FindAll(".phases")
            .Select(bar => bar.Children.Select(part => $"{part.ClassName} {part.GetAttribute("style")}"));
        Assert.Equal(
            ["phase-lease width:25%, phase-fenced width:75%", "phase-fenced width:10%"],
            bars.Select(bar => string.Join(", ", bar))
        );
    }

    /// <summary>
    /// The clocks of two nodes differ, so a phase may end before the one before it: it has no width, and takes none from the next.
    /// </summary>
    [Fact]
    public void APhaseThatWentBackwards_IsLeftOut()
    {
        var odd = Samples.Failover() with
        {
            Phases = new Dictionary<string, double>
            {
                ["detected"] = 40,
                ["lease"] = 20,
                ["fenced"] = 100,
                ["of_a_newer_version"] = 50,
            },
        };
        var parts = Failovers(odd).FindAll(".phases i").Select(part => $"{part.ClassName} {part.GetAttribute("style")}");
        Assert.Equal(["phase-detected width:40%", "phase-fenced width:60%"], parts);
    }

    [Fact]
    public void AFailoverThatIsUnderWay_HasNoDurationYet_AndTheFirstLeaderFollowsNobody()
    {
        var rows = Rows(Failovers(Samples.Failover(previous: null) with { Phases = new Dictionary<string, double>() }));
        Assert.Equal(("nobody → matching-1", "–"), (rows[0][3], rows[0][^1]));
        Assert.Contains("No take-over yet", Text(Failovers()));
    }

    [Fact]
    public void ALongHistory_ShowsTheLatest()
    {
        var rows = Rows(Failovers([.. Enumerable.Range(0, 30).Select(i => Samples.Failover(2_000 - i))]));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"{2_000 - i:N0}"), rows.Select(row => row[2]));
    }

    [Fact]
    public void Nodes_AreInTheOrderOfTheirKind_WithAVersionThatFits()
    {
        var node = new NodeRecord("x", "console", "http://1", "running", "1.0.0+9f3c2e1dabcdef", 11, Samples.Noon, Samples.Noon, []);
        var cluster = Samples.Cluster(null) with
        {
            Nodes =
            [
                node,
                node with
                {
                    NodeId = "b",
                    Kind = "api",
                    Version = "2",
                },
                node with
                {
                    NodeId = "a",
                    Kind = "api",
                },
                node with
                {
                    Kind = "matching",
                },
            ],
        };
        var shown = Render<NodeTable>(set => set.Add(table => table.Cluster, cluster));
        Assert.Equal(["x matching", "a api", "b api", "x console"], Rows(shown).Select(row => $"{row[0]} {row[1]}"));
        Assert.Equal("http://1 · process 11 · version 1.0.0+9f3c2e1", shown.FindAll("td[title]")[0].GetAttribute("title"));
        Assert.EndsWith("version 2", shown.FindAll("td[title]")[2].GetAttribute("title"));
        Assert.Contains(
            "No node has announced itself",
            Text(Render<NodeTable>(set => set.Add(table => table.Cluster, cluster with { Nodes = [] })))
        );
    }

    private IRenderedComponent<FailoverBars> Failovers(params FailoverView[] items) =>
        Render<FailoverBars>(set => set.Add(table => table.Items, items));
}
