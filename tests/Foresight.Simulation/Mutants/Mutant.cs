using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Mutants;

internal class Mutant
{
    public virtual IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => real;

    public virtual ILeadershipTable Table(World world, SimulatedSessions primary) => new SimulatedLeadershipTable(world, primary);

    public virtual ILeaseStore Leases(ILeaseStore real) => real;

    public virtual ILeaderTask Work(ILeaderTask real, SimulatedNodeParts parts) => real;

    public virtual SimulatedClock Clock(Timeline timeline, Process process, double rate) => new(timeline, process, rate);
}
