using System.Diagnostics;
using Npgsql;

namespace Foresight.Bench.Failover;

/// <summary>Follows docs/operations.md, so that the documented procedure is what is measured.</summary>
internal static class Promotion
{
    /// <summary>Imitates an operator, who declares a primary lost after it has refused connections for this time.</summary>
    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(1);

    public static async Task<Injected> InjectAsync(Scene scene, TimeSpan behind)
    {
        var (cluster, lost, promoted) = (scene.Cluster, scene.Cluster.Connection, scene.Cluster.StandbyConnection);
        var before = await cluster.EpochAsync();
        var sender = await StreamingStandby.SenderAsync(lost);
        if (behind > TimeSpan.Zero)
        {
            NodeProcess.Pause(sender);
            await Task.Delay(behind);
        }

        var killed = Stopwatch.GetTimestamp();
        var killing = cluster.Stores.KillAsync("postgres");
        // A stopped receiver would not notice that its server is gone.
        if (behind > TimeSpan.Zero)
            NodeProcess.KillNow(sender);
        await killing;
        await IsLostAsync(lost);
        var noticed = Stopwatch.GetElapsedTime(killed);
        await StreamingStandby.PromoteAsync(promoted);
        var done = Stopwatch.GetElapsedTime(killed);
        cluster.GoOnAtStandby();
        await FaultCluster.UntilAsync("the promoted primary acknowledges", () => Task.FromResult(scene.Load.LastEpoch > before));
        var again = Stopwatch.GetElapsedTime(killed);

        await cluster.Stores.StartAgainAsync("postgres");
        await FaultCluster.UntilAsync("every node refuses the old primary", () => Task.FromResult(cluster.Members.All(RefusesIt)));
        await Task.Delay(Watched);
        var written = await StreamingStandby.RowsWrittenAsync(lost);
        var unreplicated = await StreamingStandby.UnreplicatedAsync(lost, promoted);
        var acknowledged = scene.Load.Acknowledgements.Count(one => unreplicated.Contains(one.Place));
        return new Injected(
            Said: $"taken for lost {noticed.TotalSeconds:0.00} s, promoted {done.TotalSeconds:0.00} s and acknowledging "
                + $"{again.TotalSeconds:0.00} s "
                + $"after the kill; {unreplicated.Count} commands were not replicated, {acknowledged} of them acknowledged; "
                + $"{written} rows written to the old primary"
        )
        {
            // With a synchronous standby none of them may have been acknowledged: they count as lost, without exception.
            Unreplicated = behind > TimeSpan.Zero ? unreplicated : new HashSet<JournalPlace>(),
            Wrong =
            [
                .. written == 0 ? Array.Empty<string>() : [$"{written} rows were written to the old primary after it came back"],
                .. behind == TimeSpan.Zero || acknowledged > 0
                    ? Array.Empty<string>()
                    : ["the standby had all that was acknowledged, so no loss was tried"],
            ],
        };
    }

    private static bool RefusesIt(FaultCluster.Member member) =>
        member.Process.Everything.Contains("refused: it is an old primary on timeline 1", StringComparison.Ordinal);

    private static async Task IsLostAsync(string server)
    {
        var settings = new NpgsqlConnectionStringBuilder(server) { Pooling = false, Timeout = 1 };
        var lastSeen = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(lastSeen) < LostAfter)
        {
            try
            {
                await using var connection = new NpgsqlConnection(settings.ConnectionString);
                await connection.OpenAsync();
                lastSeen = Stopwatch.GetTimestamp();
            }
            catch (NpgsqlException)
            {
                // A lost server refuses connections, so this is what is waited for.
            }

            await Task.Delay(BetweenLooks);
        }
    }
}
