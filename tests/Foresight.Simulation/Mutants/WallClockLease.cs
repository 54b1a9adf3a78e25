using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Mutants;

/// <summary>Measures the trust in a lease on the wall clock, which can be set.</summary>
internal sealed class WallClockLease : Mutant
{
    public override SimulatedClock Clock(Timeline timeline, Process process, double rate) => new WallClock(timeline, process, rate);

    private sealed class WallClock(Timeline timeline, Process process, double rate) : SimulatedClock(timeline, process, rate)
    {
        public override long GetTimestamp() => GetUtcNow().Ticks;
    }
}
