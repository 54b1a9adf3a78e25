using Foresight.Console.Problems;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Problems;

public sealed class ProblemMemoryTests
{
    private readonly ProblemMemory _memory = new();
    private DateTimeOffset _now = Samples.Noon;
    private AdminOverview _overview = Samples.Overview(reconciliation: Samples.Reconciliation(open: 0) with { LastRun = null });

    [Fact]
    public void Problem_HasItsStart_AndGoesWhenItIsPast()
    {
        Assert.Empty(Observe());
        Settle(view => view with { Halted = "why" });
        var start = _now;
        Assert.Equal(start, Assert.Single(Observe()).Since);
        Assert.Equal(start, Assert.Single(Observe()).Since);
        Settle(view => view with { Halted = null });
        Assert.Empty(Observe());

        Settle(view => view with { Halted = "again" });
        Assert.NotEqual(start, Assert.Single(Observe()).Since);
    }

    [Fact]
    public void ChainThatStands_IsSeen_ByItsOwnMeasure()
    {
        for (var block = 1; block <= 5; block++)
        {
            Settle(view => view with { HeadBlock = block });
            Assert.Empty(Observe());
        }

        var last = _now.AddSeconds(-1);
        for (var i = 0; i < 3; i++)
            Assert.Empty(Observe());
        var problem = Assert.Single(Observe());
        Assert.Equal(("head", last), (problem.Key, problem.Since));

        Settle(view => view with { HeadBlock = 6 });
        Assert.Empty(Observe());
    }

    /// <summary>A reading may miss a block, and the next have two: the chain's pause is a second all the same.</summary>
    [Fact]
    [Trait("Category", "Console")]
    public void ChainThatStands_IsSeenAfterThreeBlocks_HoweverTheReadingsFall()
    {
        for (var block = 2; block <= 12; block += 2)
        {
            Settle(view => view with { HeadBlock = block, HeadAge = TimeSpan.FromSeconds(0.2) });
            Assert.Empty(Observe());
            Settle(view => view with { HeadAge = TimeSpan.FromSeconds(1.2) });
            Assert.Empty(Observe());
        }

        Settle(view => view with { HeadAge = TimeSpan.FromSeconds(3.0) });
        Assert.Empty(Observe());
        Settle(view => view with { HeadAge = TimeSpan.FromSeconds(3.1) });
        Assert.Equal(["head"], Observe().Select(problem => problem.Key));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void ProblemThatWentAndCameBackUnobserved_StartsAgain()
    {
        Settle(view => view with { Halted = "why" });
        Observe();
        _now += TimeSpan.FromHours(5);
        Assert.Equal(_now, Assert.Single(Observe()).Since);
    }

    [Fact]
    public void PauseOfTheObserver_IsNotOneOfTheChain()
    {
        for (var block = 1; block <= 5; block++)
        {
            Settle(view => view with { HeadBlock = block });
            Observe();
        }

        _now += TimeSpan.FromMinutes(10);
        Assert.Empty(Observe());
    }

    [Fact]
    public void NodeThatWent_IsMissed_UntilAnotherOfItsKindComes()
    {
        Nodes(("matching-1", NodeStates.Active), ("matching-2", NodeStates.Follower), ("api-1", NodeStates.Running));
        Assert.Empty(Observe());
        Nodes(("matching-1", NodeStates.Active), ("api-1", NodeStates.Running));
        var problem = Assert.Single(Observe());
        Assert.Equal("1 matching node missing", problem.Title);
        Assert.StartsWith("Not heard any more: matching-2. ", problem.Meaning, StringComparison.Ordinal);

        Nodes(("matching-1", NodeStates.Active), ("matching-9", NodeStates.Follower), ("api-1", NodeStates.Running));
        Assert.Empty(Observe());
    }

    [Fact]
    public void NodeThatDrained_OrWentLongAgo_IsNotMissed()
    {
        Nodes(("matching-1", NodeStates.Active), ("matching-2", NodeStates.Draining), ("matching-3", NodeStates.Follower));
        Observe();
        Nodes(("matching-1", NodeStates.Active), ("matching-3", NodeStates.Follower));
        Assert.Empty(Observe());
        Nodes(("matching-1", NodeStates.Active));
        Assert.Single(Observe());
        _now += ProblemMemory.NodesKept;
        Nodes(("matching-1", NodeStates.Active));
        Assert.Empty(Observe());
    }

    [Fact]
    public void EmptyRegistryOfARedisThatIsDown_MissesNobody()
    {
        Nodes(("matching-1", NodeStates.Active));
        Observe();
        Nodes();
        _overview = _overview with { Cluster = _overview.Cluster! with { Redis = new SourceView(SourceView.Down, _now) } };
        Assert.Equal(["redis"], Observe().Select(problem => problem.Key));
    }

    /// <summary>Its clock may differ, so the age of its heartbeat shows nothing; only that it does not change does.</summary>
    [Fact]
    public void NodeWhoseHeartbeatStands_IsMissedAfterThreeOfThem_AndBackWithTheNext()
    {
        Beat(("matching-1", _now.AddHours(-3)), ("matching-2", _now.AddHours(2)));
        Assert.Empty(Observe());
        var killedAt = _now;
        var named = Enumerable
            .Range(0, 5)
            .First(i =>
            {
                Beat(("matching-1", _now.AddHours(-3)), ("matching-2", killedAt.AddHours(2)));
                return Observe().Count > 0;
            });
        Assert.Equal(3, named);
        Assert.Equal(["matching-2"], _memory.Missing.Select(node => node.NodeId));

        Beat(("matching-1", _now.AddHours(-3)), ("matching-2", _now.AddHours(2)));
        Assert.Empty(Observe());
        Assert.Empty(_memory.Missing);
    }

    [Fact]
    public void NodeOfAVersionWithoutThePromise_OrUnobservedForAWhile_IsNotCalledSilent()
    {
        Nodes(("matching-1", NodeStates.Active));
        for (var i = 0; i < 30; i++)
            Assert.Empty(Observe());

        Beat(("matching-1", Samples.Noon));
        Observe();
        _now += ProblemMemory.LongestGap + TimeSpan.FromSeconds(1);
        Assert.Empty(Observe());
    }

    [Fact]
    public void RedisThatComesBack_GivesEveryNodeTimeForAHeartbeat()
    {
        Beat(("matching-1", Samples.Noon));
        Observe();
        var up = _overview;
        _overview = up with { Cluster = up.Cluster! with { Redis = new SourceView(SourceView.Down, _now) } };
        for (var i = 0; i < 10; i++)
            Observe();
        _overview = up;
        Assert.DoesNotContain(Observe(), problem => problem.Key.StartsWith("node:", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Category", "Console")]
    public void ChainThatStoodBeforeAnybodyLooked_IsSeenAtTheFirstReading()
    {
        Settle(view => view with { HeadAge = TimeSpan.FromHours(2) });
        var now = _now;
        Assert.Equal(("head", now.AddHours(-2)), Only(Observe()));
        Settle(view => view with { HeadAge = TimeSpan.FromSeconds(2), HeadBlock = view.HeadBlock + 1 });
        Assert.Empty(Observe());
    }

    [Fact]
    [Trait("Category", "Console")]
    public void ReconcilerWhoseRunsFail_IsSeenAfterTwo_AndGoneWithTheNextThatCompares()
    {
        var run = Samples.Run() with { State = RunStates.Failed, Error = "no answer in time", StartedAt = _now, FinishedAt = _now };
        Assert.Equal(TimeSpan.FromMinutes(5), Samples.Reconciliation(open: 0).Interval);
        Assert.Empty(ObserveRun(run, compared: _now.AddMinutes(-10)));
        var compared = _now.AddMinutes(-10).AddSeconds(-1);
        var problem = Assert.Single(ObserveRun(run, compared));
        Assert.Equal(("reconciler", "The reconciler fails", compared), (problem.Key, problem.Title, problem.Since!.Value));
        Assert.EndsWith("no answer in time", problem.Meaning, StringComparison.Ordinal);
        Assert.Empty(ObserveRun(run with { State = RunStates.Succeeded }, _now));
        Assert.StartsWith(
            "No run has compared journal and chain yet. ",
            Assert.Single(ObserveRun(run, null)).Meaning,
            StringComparison.Ordinal
        );

        IReadOnlyList<Problem> ObserveRun(RunView last, DateTimeOffset? compared)
        {
            _overview = _overview with { Reconciliation = _overview.Reconciliation! with { LastRun = last, ComparedAt = compared } };
            return Observe();
        }
    }

    [Fact]
    public void Outage_ReplacesWhatIsNotKnownAnyMore()
    {
        Settle(view => view with { Halted = "why" });
        Observe();
        var since = _now.AddSeconds(-2);
        Assert.Equal(("api", since), Only(_memory.ObserveOutage("no answer", since, _now)));
    }

    private static (string, DateTimeOffset?) Only(IReadOnlyList<Problem> problems) => (Assert.Single(problems).Key, problems[0].Since);

    private IReadOnlyList<Problem> Observe()
    {
        var problems = _memory.Observe(_overview, _now);
        _now += TimeSpan.FromSeconds(1);
        return problems;
    }

    private void Settle(Func<SettlementView, SettlementView> change) =>
        _overview = _overview with { Settlement = change(_overview.Settlement!) };

    private void Beat(params (string Id, DateTimeOffset At)[] nodes)
    {
        Nodes([.. nodes.Select(node => (node.Id, NodeStates.Follower))]);
        _overview = _overview with
        {
            Cluster = _overview.Cluster! with
            {
                Nodes = [.. _overview.Cluster.Nodes.Zip(nodes, (node, beat) => node with { HeartbeatAt = beat.At, HeartbeatMs = 1_000 })],
            },
        };
    }

    private void Nodes(params (string Id, string State)[] nodes) =>
        _overview = _overview with
        {
            Cluster = _overview.Cluster! with
            {
                Nodes =
                [
                    .. nodes.Select(node => new NodeRecord(
                        node.Id,
                        node.Id.Split('-')[0],
                        "http://127.0.0.1:1",
                        node.State,
                        "1.0.0",
                        1,
                        node.Id.EndsWith('9') ? _now : Samples.Noon.AddHours(-1),
                        _now,
                        []
                    )),
                ],
            },
        };
}
