using System.Diagnostics;
using OpenTelemetry;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// Drops a client's span that has no parent: the polls of background loops (leases, the chain, settlement), some dozens a second, in which
/// the traces of orders would not be found. What they ask, and how long it takes, is in the metrics.
/// </summary>
public sealed class BackgroundSpanFilter : BaseProcessor<Activity>
{
    /// <summary>At the start, so that the context that goes out with the request says that it is not sampled.</summary>
    public override void OnStart(Activity data)
    {
        if (data.Kind != ActivityKind.Client || data.ParentSpanId != default)
            return;
        data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        data.IsAllDataRequested = false;
    }
}
