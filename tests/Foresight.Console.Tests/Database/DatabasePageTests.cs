using Bunit;
using Foresight.Console.Database;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Database;

public sealed class DatabasePageTests : ConsoleContext
{
    private DatabaseStatus _status = Samples.Database();

    private DatabaseDetail _detail = Samples.DatabaseDetail();

    public DatabasePageTests()
    {
        Api.Answer("/admin/overview", () => Samples.Overview() with { Database = _status });
        Api.Answer("/admin/database", () => _detail);
    }

    [Fact]
    public void SlotsConnectionsAndSlowQueries_AreThePrimarys()
    {
        var page = Stepped();
        page.WaitForAssertion(() => Assert.Contains("Connections 8 of at most 100", Text(page)));
        var rows = Rows(page);
        Assert.Contains(rows, row => row is ["left-behind", "not in use", "unreserved", "5 GB"]);
        Assert.Contains(rows, row => row is ["matching", "foresight", "idle in transaction", "1"]);
        Assert.Contains(
            rows,
            row => row is ["2 min", "api-1", "foresight", "active", "4711", "SELECT count(*) FROM trades WHERE market_id = $1"]
        );
        Assert.Equal("unreserved", Text(page.Find("[data-testid=slots] .tone-watch")));
        Assert.Contains("/export/slow-queries?format=csv", Links(page));
    }

    [Fact]
    public void SessionsThatAreNotReadable_AreNoQuietDatabase()
    {
        _detail = _detail with { SlowQueries = [], UnreadableSessions = 3 };
        var page = Stepped();
        page.WaitForAssertion(() => Assert.Contains("3 sessions are not readable", Text(page)));
        Assert.Contains("None among those that are readable", Text(page));
        Assert.DoesNotContain("No slow query", Text(page));
    }

    [Fact]
    public void Servers_AreShownWithTheirShareOfReads()
    {
        var rows = Rows(Stepped());
        Assert.Equal(["primary 127.0.0.1:5432", "primary", "healthy", "–", "1.3 ms", "10", "25%", "25", "0", "now"], rows[0]);
        Assert.Equal(["replica-1 127.0.0.1:5432", "replica", "healthy", "2 KB 250 ms", "1.3 ms", "10", "75%", "75", "0", "now"], rows[1]);
    }

    [Fact]
    public void BrokenReplica_IsNamedWithItsError_AndNotCountedAsHealthy()
    {
        var page = Stepped();
        Assert.Contains("Healthy replicas 1 of 1", Text(page));
        Assert.Contains("No change of health", Text(page));

        _status = _status with { Replicas = [Samples.Server("replica-1", ServerRoles.Replica, 75, healthy: false, "connection refused")] };
        Clock.Advance(TimeSpan.FromSeconds(1));
        Step(page);
        page.WaitForAssertion(() => Assert.Contains("Healthy replicas 0 of 1", Text(page)));
        Assert.Contains("unhealthy replica-1 12:00:01 now connection refused", Text(page));
        Assert.Contains(Rows(page), row => row is ["connection refused"]);
    }

    [Fact]
    public void WithoutReads_ThereIsNoShare()
    {
        _status = new DatabaseStatus(Samples.Server("primary", ServerRoles.Primary, reads: 0), [], 0, 0);
        Assert.Equal("no reads yet", Rows(Stepped())[0][6]);
    }

    private IRenderedComponent<DatabasePage> Stepped()
    {
        var page = Render<DatabasePage>();
        Assert.Contains("Reads from replicas –", Text(page));
        Step(page);
        page.WaitForAssertion(() => Assert.NotEmpty(Rows(page)));
        return page;
    }

    private void Step(IRenderedComponent<DatabasePage> page) => page.InvokeAsync(() => Feed.StepAsync(CancellationToken.None));
}
