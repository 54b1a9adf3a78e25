using Foresight.Matching.Gateway;

namespace Foresight.Matching.Tests.Gateway;

/// <summary>The number of idle cores must not depend on what else runs on the machine.</summary>
internal sealed class GivenCores(double idle) : IdleCores(TimeProvider.System)
{
    public double Idle { get; set; } = idle;

    public override bool TryMeasure(out double cores)
    {
        cores = Idle;
        return true;
    }
}
