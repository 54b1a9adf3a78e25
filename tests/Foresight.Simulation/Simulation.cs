using Foresight.Simulation.Checks;
using Foresight.Simulation.Mutants;
using Foresight.Simulation.Postgres;

namespace Foresight.Simulation;

/// <param name="Violation">Null if everything held.</param>
/// <param name="TraceHash">Over everything that happened: equal for equal seeds.</param>
/// <param name="Steps">Items that ran.</param>
/// <param name="Commands">Length of the journal.</param>
/// <param name="LastLines">The end of the trace.</param>
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

/// <summary>
/// One life of a small cluster from one seed: two markets, four traders, three nodes, faults for a while, then none, and at the end
/// everything compared with everything.
/// </summary>
public static class Simulation
{
    private static readonly TimeSpan Trading = TimeSpan.FromSeconds(40);

    /// <summary>
    /// After the last fault: the longest lease, the longest hold in the database and the pauses after failures, one after the other.
    /// </summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(25);

    /// <summary>Limit on what one seed may do; beyond it something goes round in circles.</summary>
    private const long MaximumSteps = 3_000_000;

    /// <param name="mutant">Name of a wrong behaviour; null: none.</param>
    /// <param name="tell">Gets every line of the trace.</param>
    public static Outcome Run(ulong seed, string? mutant = null, Action<string>? tell = null)
    {
        var world = new World(seed, MutantNames.Make(mutant), tell);
        try
        {
            SetUp(world);
            Until(world, Trading);
            world.Nemesis.StopAll();
            foreach (var trader in world.Traders)
                trader.Probe(Recovery);
            world.Invariants.RequireProgress(true);
            Until(world, Trading + Recovery);
            foreach (var trader in world.Traders)
                trader.Stopped = true;
            world.Follower.Stopped = true;
            world.Nemesis.AskForProof();
            Until(world, Trading + Recovery + TimeSpan.FromSeconds(12));
            world.Invariants.AtTheEnd();
        }
        catch (ViolationException)
        {
            // The world has it.
        }
        catch (Exception error)
        {
            // In the world itself, or in what a broken invariant left behind.
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
