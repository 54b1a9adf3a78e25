using Foresight.Simulation.Processes;
using Foresight.Simulation.Time;

namespace Foresight.Simulation.Mutants;

/// <summary>A wall clock can be set, and the trust in a lease with it.</summary>
internal sealed class WallClockLease : Mutant
{
    public override SimulatedClock Clock(Timeline timeline, Process process, double rate) => new WallClock(timeline, process, rate);

    private sealed class WallClock(Timeline timeline, Process process, double rate) : SimulatedClock(timeline, process, rate)
    {
        public override long GetTimestamp() => GetUtcNow().Ticks;
    }
}
