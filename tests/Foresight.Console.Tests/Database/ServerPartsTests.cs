using Bunit;
using Foresight.Console.Database;
using Foresight.Console.Live;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Database;

public sealed class ServerPartsTests : ConsoleContext
{
    [Fact]
    public void TheTable_SharesTheReadsAmongTheServers_AndTellsWhatIsWrong()
    {
        var shown = Table(
            Samples.Server("primary", ServerRoles.Primary, reads: 25),
            Samples.Server("replica-1", ServerRoles.Replica, reads: 75),
            Samples.Server("replica-2", ServerRoles.Replica, reads: 0, healthy: false, error: "too far behind")
        );
        Assert.Equal(["primary 127.0.0.1:5432", "primary", "healthy", "–", "1.3 ms", "10", "25%", "25", "0", "now"], Rows(shown)[0]);
        Assert.Equal(
            ["replica-1 127.0.0.1:5432", "replica", "healthy", "2 KB 250 ms", "1.3 ms", "10", "75%", "75", "0", "now"],
            Rows(shown)[1]
        );
        Assert.Equal("unhealthy", Rows(shown)[2][2]);
        Assert.Equal(["too far behind"], Rows(shown)[3]);
    }

    [Fact]
    public void BeforeAnyRead_NoServerHasAShare()
    {
        var shown = Table(Samples.Server("primary", ServerRoles.Primary, reads: 0));
        Assert.Contains("no reads yet", Rows(shown)[0]);
    }

    [Fact]
    public void AReplicaThatWasNeverReached_HasDashes_NotZeros()
    {
        var unknown = Samples.Server("replica-1", ServerRoles.Replica, reads: 0, healthy: false) with
        {
            LagBytes = null,
            LagSeconds = null,
            LatencyMs = null,
            CheckedAt = null,
        };
        var row = Rows(Table(Samples.Server("primary", ServerRoles.Primary, reads: 1), unknown))[1];
        Assert.Equal(("–", "–", "never"), (row[3], row[4], row[^1]));
    }

    [Fact]
    public void AShortFailure_StaysVisibleInItsSlot_AndASlotWithoutAReadingIsNeither()
    {
        var start = Samples.Noon.AddMinutes(-10);
        var shown = Render<HealthStrip>(set =>
            set.Add(strip => strip.Name, "replica-1")
                .Add(strip => strip.Start, start)
                .Add(strip => strip.End, Samples.Noon)
                .Add(
                    strip => strip.Samples,
                    [
                        new ServerSample(start.AddSeconds(1), true, 0, 1),
                        new ServerSample(start.AddSeconds(3), false, null, null),
                        new ServerSample(start.AddSeconds(5), true, 0, 1),
                        new ServerSample(start.AddSeconds(15), true, 0, 1),
                        // A little outside the range, as clocks and rounding make it.
                        new ServerSample(Samples.Noon.AddSeconds(1), true, 0, 1),
                    ]
                )
        );
        var slots = shown.FindAll(".strip-bars i").Select(slot => slot.ClassName).ToList();
        Assert.Equal(60, slots.Count);
        Assert.Equal(["health-bad", "health-good", "health-none"], slots.Take(3));
        Assert.Equal("health-good", slots[^1]);
        Assert.Equal("replica-1: 1 of 3 looked-at slots unhealthy", shown.Find(".strip-bars").GetAttribute("aria-label"));
    }

    private IRenderedComponent<ServerTable> Table(ServerView primary, params ServerView[] replicas) =>
        Render<ServerTable>(set => set.Add(table => table.Status, new DatabaseStatus(primary, replicas, 0, 0)));
}
