using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Live;

/// <summary>The Api reports only the present, so the console keeps the past rates and servers itself.</summary>
public sealed class HistoryTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    private readonly ThroughputHistory _rates = new();
    private readonly ServerHistory _servers = new();

    [Fact]
    public void SeveralPages_LeaveOneSampleOfASecond()
    {
        foreach (var milliseconds in new[] { 0, 300, 899, 900, 1_000, 1_800 })
            _rates.Add(Noon.AddMilliseconds(milliseconds), Rates(milliseconds));
        Assert.Equal([0, 900, 1_800], _rates.Since(DateTimeOffset.MinValue).Select(sample => sample.Orders));
    }

    [Fact]
    public void Samples_OlderThanTenMinutes_AreForgotten()
    {
        for (var second = 0; second <= 700; second++)
            _rates.Add(Noon.AddSeconds(second), Rates(second));
        var kept = _rates.Since(DateTimeOffset.MinValue);
        Assert.Equal((601, 100d, 700d), (kept.Count, kept[0].Orders, kept[^1].Orders));
    }

    [Fact]
    public void Since_GivesOnlyWhatIsAsked()
    {
        for (var second = 0; second < 10; second++)
            _rates.Add(Noon.AddSeconds(second), new ThroughputView(second, second * 2, 0, 0, 0));
        Assert.Equal(
            [new ThroughputSample(Noon.AddSeconds(8), 8, 16), new ThroughputSample(Noon.AddSeconds(9), 9, 18)],
            _rates.Since(Noon.AddSeconds(8))
        );
    }

    [Fact]
    public void ChangeOfHealth_IsKeptWithItsError_NewestFirst()
    {
        _servers.Add(Noon, Status(Server("replica-1", healthy: true)));
        _servers.Add(Noon.AddSeconds(1), Status(Server("replica-1", healthy: false, "lag")));
        _servers.Add(Noon.AddSeconds(2), Status(Server("replica-1", healthy: false, "still")));
        _servers.Add(Noon.AddSeconds(3), Status(Server("replica-1", healthy: true)));
        Assert.Equal(
            [
                new ServerChange(Noon.AddSeconds(3), "replica-1", true, null),
                new ServerChange(Noon.AddSeconds(1), "replica-1", false, "lag"),
            ],
            _servers.Changes()
        );
    }

    [Fact]
    public void FirstSight_OfABrokenServer_IsNoChange()
    {
        _servers.Add(Noon, Status(Server("replica-1", healthy: false, "down")));
        Assert.Empty(_servers.Changes());
        Assert.False(_servers.Of("replica-1", Noon).Single().Healthy);
    }

    [Fact]
    public void Changes_AreBounded_AndTheNewestStay()
    {
        for (var second = 0; second < 80; second++)
            _servers.Add(Noon.AddSeconds(second), Status(Server("replica-1", healthy: second % 2 == 0)));
        var changes = _servers.Changes();
        Assert.Equal((50, Noon.AddSeconds(79)), (changes.Count, changes[0].At));
    }

    [Fact]
    public void EachServer_HasItsOwnSamples_AndAnUnknownOneNone()
    {
        _servers.Add(Noon, Status(Server("replica-1", healthy: true)));
        Assert.Equal(new ServerSample(Noon, true, 10, 1.5, Noon), _servers.Of("replica-1", Noon).Single());
        Assert.Single(_servers.Of("primary", Noon));
        Assert.Empty(_servers.Of("replica-2", Noon));
        Assert.Empty(_servers.Of("primary", Noon.AddTicks(1)));
    }

    [Fact]
    public void ServerSamples_OlderThanTenMinutes_AreForgotten()
    {
        for (var second = 0; second <= 700; second++)
            _servers.Add(Noon.AddSeconds(second), Status(Server("replica-1", healthy: true)));
        var kept = _servers.Of("replica-1", DateTimeOffset.MinValue);
        Assert.Equal((601, Noon.AddSeconds(100)), (kept.Count, kept[0].At));
    }

    private static ThroughputView Rates(double orders) => new(orders, orders / 2, 0, 0, 0);

    private static DatabaseStatus Status(ServerView replica) => new(Server("primary", healthy: true), [replica], 1, 2);

    private static ServerView Server(string name, bool healthy, string? error = null) =>
        new(name, ServerRoles.Replica, "127.0.0.1:1", healthy, 1, 0, 10, 0.1, 1.5, Noon, error, 3);
}
