using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Mutants;

/// <summary>
/// A wrong behaviour between the product's loops and the simulated world. The base class changes nothing. None of this is part of the
/// product.
/// </summary>
internal class Mutant
{
    public virtual IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => real;

    public virtual ILeadershipTable Table(World world, SimulatedSessions primary) => new SimulatedLeadershipTable(world, primary);

    public virtual ILeaseStore Leases(ILeaseStore real) => real;

    public virtual ILeaderTask Work(ILeaderTask real, SimulatedNodeParts parts) => real;

    public virtual SimulatedClock Clock(Timeline timeline, Process process, double rate) => new(timeline, process, rate);
}
