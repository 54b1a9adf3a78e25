using Bunit;
using Foresight.Console.Cluster;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Cluster;

public sealed class ClusterPageTests : ConsoleContext
{
    private ClusterStatus _cluster = Samples.Cluster(Samples.Leader());

    public ClusterPageTests()
    {
        Api.Answer("/admin/overview", () => Samples.Overview(_cluster));
        Api.Answer("/admin/history", () => Samples.History());
    }

    [Fact]
    public void EachKind_IsCountedAgainstWhatIsExpected()
    {
        var page = Shown();
        Assert.Contains("Matching nodes 1 alive of 1 expected Api nodes 1 alive of 1 expected Versions 1 1.0.0+9f3c2e1", Text(page));
        Assert.Contains("Resources led 1 of 2", Text(page));

        _cluster = _cluster with { Nodes = [_cluster.Nodes[0]] };
        Step(page);
        page.WaitForAssertion(() => Assert.Contains("Matching nodes 0 alive of 1 expected", Text(page)));
        Assert.Contains("matching-1 not heard", Text(page));
        Assert.Contains(Rows(page), row => row is ["matching-1", "matching", "not heard", "", ..]);
    }

    [Fact]
    public void NodeThatNeverCame_IsExpectedAllTheSame()
    {
        _cluster = _cluster with
        {
            Expected = new Dictionary<string, int> { ["matching"] = 3, ["api"] = 1 },
        };
        var page = Shown();
        Assert.Contains("Matching nodes 1 alive of 3 expected Api nodes 1 alive of 1 expected", Text(page));
        Assert.Equal(["2 matching nodes missing"], Feed.Problems.Select(problem => problem.Title));
    }

    [Fact]
    public void LeaseOfAShard_IsToldApartFromItsEpoch()
    {
        var leader = Samples.Leader(leaseMs: 399);
        _cluster = _cluster with { Shards = [new ShardLeaderView(0, LeasedResources.Matching, leader)] };
        Assert.Contains("matching-1, epoch 1,012 · 399 ms left of the lease", Text(Shown()));
    }

    [Fact]
    public void NodeThatIsSilent_IsMarkedBeforeItsRecordEnds()
    {
        _cluster = _cluster with { Nodes = [.. _cluster.Nodes.Select(node => node with { HeartbeatMs = 1_000 })] };
        var page = Shown();
        for (var second = 0; second < 3; second++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            _cluster = _cluster with { Nodes = [_cluster.Nodes[0] with { HeartbeatAt = Clock.Now }, _cluster.Nodes[1]] };
            Step(page);
        }

        page.WaitForAssertion(() => Assert.Contains(Rows(page), row => row is ["matching-1", "matching", "not heard", ..]));
        Assert.Contains(Rows(page), row => row is ["api-1", "api", "running", ..]);
    }

    [Fact]
    public void MixedVersions_AreNamed_AndTheOddOneMarked()
    {
        var odd = _cluster.Nodes[0] with { NodeId = "api-2", Version = "1.1.0+0123456789" };
        _cluster = _cluster with { Nodes = [.. _cluster.Nodes, odd] };
        var page = Shown();
        Assert.Contains("1.0.0+9f3c2e1 on api-1, matching-1; 1.1.0+0123456 on api-2", Text(page));
        Assert.Equal(["1.1.0+0123456"], page.FindAll("td .tone-watch").Select(cell => cell.TextContent));
    }

    [Fact]
    public void Lease_HasItsHolderEpochAndRest()
    {
        var page = Shown();
        Assert.Contains(Rows(page), row => row is ["matching-engine", "matching-1", "1,012", ..]);
        Assert.Contains("Lease 2,400 ms", Text(page));
    }

    [Fact]
    public void WithoutRedis_NodesAreOld_AndTheSourceIsNamed()
    {
        var page = Shown();
        _cluster = _cluster with { Redis = new SourceView(SourceView.Down, Samples.Noon.AddSeconds(-9)) };
        Step(page);
        page.WaitForAssertion(() => Assert.Contains("Redis down as of 9 s ago", Text(page)));
        Assert.Contains("stale since 11:59:51", Text(page));
        Assert.DoesNotContain("not heard", Text(page), StringComparison.Ordinal);
    }

    private IRenderedComponent<ClusterPage> Shown()
    {
        var page = Render<ClusterPage>();
        Step(page);
        page.WaitForAssertion(() => Assert.Contains("alive of", Text(page)));
        return page;
    }

    private void Step(IRenderedComponent<ClusterPage> page) => page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
}
