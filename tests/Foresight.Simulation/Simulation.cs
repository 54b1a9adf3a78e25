using Foresight.Simulation.Checks;
using Foresight.Simulation.Mutants;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation;

/// <param name="TraceHash">Over everything that happened, so that two runs of a seed can be compared.</param>
public sealed record Outcome(
    ulong Seed,
    string? Violation,
    ulong TraceHash,
    long Steps,
    long Commands,
    int Terms,
    int Faults,
    int Acknowledged,
    IReadOnlyList<string> LastLines
);

public static class Simulation
{
    private static readonly TimeSpan Trading = TimeSpan.FromSeconds(40);

    /// <summary>
    /// After the last fault the longest lease, the longest hold in the database and the pauses after failures may follow one another, so it
    /// covers them all.
    /// </summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(25);

    /// <summary>A seed that needs more items is in an endless loop.</summary>
    private const long MaximumSteps = 3_000_000;

    public static Outcome Run(ulong seed, string? mutant = null, Action<string>? tell = null)
    {
        var world = new World(seed, MutantNames.Make(mutant), tell);
        try
        {
            SetUp(world);
            Until(world, Trading);
            world.Nemesis.StopAll();
            world.BrokenNode.Stopped = true;
            foreach (var trader in world.Traders)
                trader.Probe(Recovery);
            world.Invariants.RequireProgress(true);
            Until(world, Trading + Recovery);
            world.Enemy.Stop();
            foreach (var trader in world.Traders)
                trader.Stopped = true;
            world.Follower.Stopped = true;
            world.VaultFollower.Stopped = true;
            world.Owners.Stopped = true;
            world.Nemesis.AskForProof();
            world.Watcher.CompareBooks();
            Until(world, Trading + Recovery + TimeSpan.FromSeconds(12));
            world.Invariants.AtTheEnd();
        }
        catch (ViolationException)
        {
            // Expected: the world has recorded it.
        }
        catch (Exception error)
        {
            // Either the world itself has a defect, or an invariant is broken, so it must not pass.
            world.Violated("no surprise", error.ToString());
        }

        var violation = world.Violation;
        if (world.LeftTheThread)
            violation = "one thread: a continuation came from a thread of the pool";
        world.Trace.Add("world", violation is null ? "everything held" : "violation", world.Steps, world.Invariants.Oracle.Sequence);
        return new Outcome(
            seed,
            violation,
            world.Trace.Hash,
            world.Steps,
            world.Invariants.Oracle.Sequence,
            (int)(world.Postgres.Tables.Leadership?.Epoch ?? 0),
            world.Nemesis.Faults,
            world.Invariants.Acknowledged,
            [.. world.Trace.LastLines(60), .. violation is null ? [] : new[] { violation }]
        );
    }

    private static void SetUp(World world)
    {
        world.Postgres.SetUp(tables =>
        {
            tables.Markets.Add(1, new MarketRow(1, 2, 100, 0, null));
            tables.Markets.Add(2, new MarketRow(2, 3, 100, 0, null));
        });
        foreach (var node in world.Nodes)
            node.Start();
        world.Nemesis.Begin(Trading);
    }

    private static void Until(World world, TimeSpan moment)
    {
        while (world.Timeline.Step(moment.Ticks))
        {
            if (world.Violation is not null)
                return;
            if (world.Steps > MaximumSteps)
                throw world.Violated("progress", "the world does not come to rest");
        }
    }
}
