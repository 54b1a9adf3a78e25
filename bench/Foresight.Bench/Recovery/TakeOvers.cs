using System.Text.Json;
using Foresight.Bench.Failover;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Bench.Recovery;

internal readonly record struct TakeOver(double Detected, double Fenced, double Rebuilt, long Sequence, string StateHash)
{
    public double Recovered => Fenced + Rebuilt;
}

internal static class TakeOvers
{
    public static async Task<List<TakeOver>> MeasureAsync(TestStores stores, string connection, int runs)
    {
        await using var cluster = await FaultCluster.OverAsync(stores, connection, ["n1", "n2"]);
        var found = new List<TakeOver>();
        for (var run = 1; run <= runs; run++)
        {
            var leader = await cluster.LeaderAsync();
            var before = await cluster.EpochAsync();
            leader.Process.KillNow();
            await leader.Process.EndedAsync(TimeSpan.FromSeconds(30));
            Dictionary<string, double>? phases = null;
            await FaultCluster.UntilAsync(
                "the next leader has recovered",
                async () => (phases = await PhasesAsync(cluster.Database, before)) is not null
            );
            await cluster.LeaderAsync();
            var proof = await cluster.ProofAsync();
            var detected = phases!["detected"];
            found.Add(
                new TakeOver(
                    Seconds(detected),
                    Seconds(phases["fenced"] - phases["lease"]),
                    Seconds(phases["recovered"] - phases["fenced"]),
                    proof.Sequence,
                    proof.StateHash
                )
            );
            Console.WriteLine($"  take-over {run}: {found[^1].Recovered:0.00} s");
            await cluster.StartNodeAsync(leader.Name);
            await cluster.AllStandByAsync();
        }

        return found;
    }

    private static double Seconds(double milliseconds) => Math.Round(milliseconds / 1_000, 3);

    private static async Task<Dictionary<string, double>?> PhasesAsync(NpgsqlDataSource database, long after)
    {
        await using var command = database.CreateCommand(
            "SELECT phases FROM leadership_history WHERE resource = $1 AND epoch > $2 AND phases ? 'recovered' ORDER BY epoch DESC LIMIT 1"
        );
        command.Parameters.AddWithValue(LeasedResources.Matching);
        command.Parameters.AddWithValue(after);
        return await command.ExecuteScalarAsync() is string phases ? JsonSerializer.Deserialize<Dictionary<string, double>>(phases) : null;
    }
}
