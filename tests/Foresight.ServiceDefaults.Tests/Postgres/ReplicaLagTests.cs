using Foresight.ServiceDefaults.Postgres;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class ReplicaLagTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void AReplicaThatHasEverything_IsNotBehind_HoweverLongNothingWasWritten()
    {
        var lag = new ReplicaLag();
        for (var second = 0; second < 100; second++)
            lag.Primary(500, Start.AddSeconds(second));
        Assert.Equal(TimeSpan.Zero, lag.Of(500, Start.AddSeconds(100)));
    }

    [Fact]
    public void AReplicaThatStandsStill_AgesFromWhenThePrimaryWentOn()
    {
        var lag = new ReplicaLag();
        lag.Primary(500, Start);
        lag.Primary(600, Start.AddSeconds(10));
        lag.Primary(700, Start.AddSeconds(20));
        Assert.Equal(TimeSpan.FromSeconds(15), lag.Of(500, Start.AddSeconds(25)));
        Assert.Equal(TimeSpan.FromSeconds(5), lag.Of(650, Start.AddSeconds(25)));
    }
}
