using System.Diagnostics;
using System.Text.Json.Nodes;
using Foresight.Bench.Failover;
using Foresight.Matching.Journal;
using Foresight.Matching.Sequencing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Rebuild = Foresight.Matching.Recovery.EngineRecovery;

namespace Foresight.Bench.Recovery;

/// <summary>
/// <c>recovery [--orders N] [--resting M] [--runs K] [--seed N]</c>: the history of N orders ends just before the next snapshot, because a
/// recovery then replays most. The time is from the lease until the engine was rebuilt. Exit status 0 if it had the state hash of the
/// engine that wrote the history every time, and a replay from the first command has it too.
/// </summary>
internal static class RecoveryVerb
{
    public static async Task<int> RunAsync(Options options)
    {
        var orders = (int)options.Number("orders", 1_000_000, 1, 100_000_000);
        var resting = (int)options.Number("resting", 100_000, 1, 5_000_000);
        var runs = (int)options.Number("runs", 3, 1, 1_000);
        var seed = (int)options.Number("seed", 1, 0, int.MaxValue);
        options.RequireNoOthers();

        await using var stores = await TestStores.StartAsync();
        var connection = await stores.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(connection);
        await FaultCluster.CreateMarketsAsync(database, OrderFlow.Markets);
        Console.WriteLine($"a history of {orders:N0} orders, {resting:N0} of them at rest, seed {seed}");
        var writing = Stopwatch.StartNew();
        var history = new History(database, orders, resting, seed);
        await history.BuildAsync();
        Console.WriteLine($"  written in {writing.Elapsed.TotalSeconds:0} s");
        var (sequence, hash) = (history.Sequencer.Sequence, history.Sequencer.StateHash);

        var takeOvers = await TakeOvers.MeasureAsync(stores, connection, runs);
        var rebuilt = await RebuildAsync(database);
        var replaying = Stopwatch.StartNew();
        var replayed = await new Rebuild(new PostgresJournal(database, shard: 0), 0, NullLogger.Instance).ReplayAllAsync(
            long.MaxValue,
            CancellationToken.None
        );
        var fullReplay = Math.Round(replaying.Elapsed.TotalSeconds, 2);
        var bytes = await SnapshotBytesAsync(database);

        Console.WriteLine();
        Console.WriteLine(
            $"history: {history.Orders:N0} orders, {history.Trades:N0} trades, {sequence:N0} commands; "
                + $"{history.Sequencer.Orders.Count:N0} orders at rest"
        );
        Console.WriteLine($"snapshot: {bytes / 1e6:0.0} MB; after it: {history.Tail:N0} commands");
        Console.WriteLine($"{"take-over", 9} {"detected", 9} {"fenced", 9} {"rebuilt", 9} {"recovered", 10}  state");
        foreach (var (run, one) in takeOvers.Index())
            Console.WriteLine(
                $"{run + 1, 9} {one.Detected, 7:0.00} s {one.Fenced, 7:0.00} s {one.Rebuilt, 7:0.00} s {one.Recovered, 8:0.00} s  "
                    + $"{Word(one.Sequence, one.StateHash)}"
            );
        Console.WriteLine(
            $"rebuilt alone, without a take-over: {rebuilt.Seconds:0.00} s  {Word(rebuilt.Sequencer.Sequence, rebuilt.Sequencer.StateHash)}"
        );
        Console.WriteLine(
            $"replayed from the first command: {fullReplay:0.00} s  {Word(replayed.Sequence, Sequencer.Format(replayed.StateHash()))}"
        );

        var recoveredEqual =
            rebuilt.Sequencer.Sequence == sequence
            && rebuilt.Sequencer.StateHash == hash
            && rebuilt.Sequencer.Orders.Count == history.Sequencer.Orders.Count
            && takeOvers.TrueForAll(one => one.Sequence == sequence && one.StateHash == hash);
        var replayEqual = replayed.Sequence == sequence && Sequencer.Format(replayed.StateHash()) == hash;
        var seconds = takeOvers.Select(one => one.Recovered).Order().ToList();
        Console.WriteLine(
            new JsonObject
            {
                ["orders"] = history.Orders,
                ["resting"] = history.Sequencer.Orders.Count,
                ["runs"] = runs,
                ["recovered_p50_s"] = Math.Round(seconds[(runs - 1) / 2], 3),
                ["recovered_max_s"] = Math.Round(seconds[^1], 3),
                ["tail_commands"] = history.Tail,
                ["snapshot_mb"] = Math.Round(bytes / 1e6, 1),
                ["recovered_equal"] = recoveredEqual,
                ["replay_equal"] = replayEqual,
                ["full_replay_s"] = fullReplay,
            }.ToJsonString()
        );
        return recoveredEqual && replayEqual ? 0 : 1;

        string Word(long at, string state) =>
            at == sequence && state == hash ? "equal" : $"DIFFERS: {state} at {at}, not {hash} at {sequence}";
    }

    private static async Task<(Sequencer Sequencer, double Seconds)> RebuildAsync(NpgsqlDataSource database)
    {
        var watch = Stopwatch.StartNew();
        var sequencer = await new Rebuild(new PostgresJournal(database, shard: 0), 0, NullLogger.Instance).RebuildAsync(
            CancellationToken.None
        );
        return (sequencer, watch.Elapsed.TotalSeconds);
    }

    private static async Task<int> SnapshotBytesAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand("SELECT length(state) FROM snapshots ORDER BY sequence DESC LIMIT 1");
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
