using System.Diagnostics.Metrics;

namespace Foresight.Simulation.Processes;

/// <summary>Meters that nothing reads.</summary>
internal sealed class Meters : IMeterFactory
{
    public Meter Create(MeterOptions options) => new(options);

    public void Dispose() { }
}
