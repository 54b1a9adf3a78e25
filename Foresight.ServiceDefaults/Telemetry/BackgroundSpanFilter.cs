using System.Diagnostics;
using OpenTelemetry;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// A client span without a parent is a poll of a background loop (leases, chain, settlement): they make dozens a second, which would bury
/// the traces of orders. Metrics have their counts and durations.
/// </summary>
public sealed class BackgroundSpanFilter : BaseProcessor<Activity>
{
    /// <summary>Decided at the start, so that the context sent with the request is marked as not sampled.</summary>
    public override void OnStart(Activity data)
    {
        if (data.Kind != ActivityKind.Client || data.ParentSpanId != default)
            return;
        data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        data.IsAllDataRequested = false;
    }
}
