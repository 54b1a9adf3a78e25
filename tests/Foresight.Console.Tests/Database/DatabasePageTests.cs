using Bunit;
using Foresight.Console.Database;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Database;

public sealed class DatabasePageTests : ConsoleContext
{
    private DatabaseStatus _status = Samples.Database();

    public DatabasePageTests() => Api.Answer("/admin/overview", () => Samples.Overview() with { Database = _status });

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
