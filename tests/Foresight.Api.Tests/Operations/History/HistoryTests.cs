using Foresight.Api.Operations.History;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations.History;

[Collection(ApiStackCollection.Name)]
public sealed class HistoryTests(ApiStack stack) : IAsyncLifetime
{
    /// <summary>A day of samples; the hour before the last one is missing, and the newest four minutes were bad.</summary>
    public async Task InitializeAsync() =>
        await stack.ExecuteAsync(
            """
            DELETE FROM operations_history;
            INSERT INTO operations_history (at, node_id, epoch, orders_per_second, trades_per_second, commit_p50_ms, commit_p99_ms,
                replicas, replica_lag_bytes, unsettled_trades, hub_connections, problems)
            SELECT date_bin('10 s', now(), 'epoch') - n * interval '10 s', 'n', 1, n % 2, NULL, 1.5, 2 + n % 3, 1, n, 5, 7,
                CASE WHEN n < 24 THEN ARRAY['registry_unreadable', 'no_leader'] ELSE '{}' END
            FROM generate_series(0, 8639) n WHERE n NOT BETWEEN 360 AND 719
            """
        );

    public async Task DisposeAsync() => await stack.ExecuteAsync("DELETE FROM operations_history");

    [Theory]
    [InlineData(HistoryRanges.Hour, 10, 1)]
    [InlineData(HistoryRanges.Hours6, 60, 6)]
    [InlineData(HistoryRanges.Day, 240, 24)]
    public async Task ARange_HasAtMost360Points_OldestFirst_AndNoneWhereNothingWasRecorded(string range, int step, int samples)
    {
        var view = await UntilAsync(range, view => view.Points.Count > 0);
        Assert.Equal((range, step), (view.Range, view.StepSeconds));
        Assert.InRange(view.Points.Count, 350 - (range == HistoryRanges.Hour ? 0 : 3600 / step), HistoryLimits.Points);
        Assert.Equal(view.Points.OrderBy(point => point.At).DistinctBy(point => point.At), view.Points);
        Assert.All(view.Points, point => Assert.InRange(point.At, view.From, view.To));
        if (range != HistoryRanges.Hour)
            Assert.Contains(view.Points.Zip(view.Points.Skip(1)), pair => pair.Second.At - pair.First.At > TimeSpan.FromMinutes(55));
        var point = view.Points[view.Points.Count / 2];
        Assert.Equal(samples, point.Samples);
        Assert.Equal((1.5, 1, 5L, 7), (point.CommitP50Ms, point.Replicas, point.UnsettledTrades, point.HubConnections));
        Assert.Null(point.TradesPerSecond);
    }

    [Fact]
    public async Task AStep_HasTheAverageOfRates_AndTheWorstOfTheRest()
    {
        var view = await UntilAsync(HistoryRanges.Hours6, view => view.Points.Count > 0);
        var point = view.Points[10];
        Assert.Equal((0.5, 4.0), (point.OrdersPerSecond, point.CommitP99Ms));
        Assert.Equal((HistoryHealth.Healthy, 0), (point.Health, point.Problems.Count));
        var last = view.Points[^2];
        Assert.Equal(HistoryHealth.Unhealthy, last.Health);
        Assert.Equal([HistoryProblems.NoLeader, HistoryProblems.RegistryUnreadable], last.Problems);
    }

    [Fact]
    public async Task Failovers_OfTheRange_AreMarkedInIt()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO leadership_history (resource, epoch, node_id, previous_node_id, acquired_at, phases) VALUES
                ('of history', 1, 'a', NULL, now() - interval '2 hours', '{}'),
                ('of history', 2, 'b', 'a', now() - interval '20 minutes', '{"detected": 5}')
            """
        );
        try
        {
            var view = await UntilAsync(HistoryRanges.Hour, view => view.Failovers.Any(failover => failover.Resource == "of history"));
            var failover = Assert.Single(view.Failovers, failover => failover.Resource == "of history");
            Assert.Equal(("b", "a", 5.0), (failover.NodeId, failover.PreviousNodeId, failover.Phases["detected"]));
            await UntilAsync(HistoryRanges.Hours6, view => view.Failovers.Count(failover => failover.Resource == "of history") == 2);
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM leadership_history WHERE resource = 'of history'");
        }
    }

    [Fact]
    public async Task Queries_AreServedByIndexes()
    {
        var window = HistoryRules.WindowOf(HistoryRanges.Day, DateTime.UtcNow);
        var parameters = new
        {
            step = window.Step,
            from = window.From,
            to = window.To,
            MaxFailovers = 5,
        };
        await stack.AssertIndexedAsync(HistoryReader.PointsQuery, parameters);
        await stack.AssertIndexedAsync(HistoryReader.FailoversQuery, parameters);
    }

    /// <summary>Polled, because the replica answers, and has a write a little later.</summary>
    private async Task<HistoryView> UntilAsync(string range, Func<HistoryView, bool> holds)
    {
        HistoryView? view = null;
        await Eventually.TrueAsync(
            "the history is as expected",
            Eventually.Patience,
            async () => holds(view = await stack.ReadAsync<HistoryView>($"admin/history?range={range}", asOperator: true))
        );
        return view!;
    }
}
