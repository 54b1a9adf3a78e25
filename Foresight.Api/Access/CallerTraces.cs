using System.Diagnostics;
using Foresight.ServiceDefaults.Hosting;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Instrumentation.AspNetCore;

namespace Microsoft.AspNetCore.Builder;

/// <summary>
/// Starts a new trace for each request, linked to the caller's span. A caller could otherwise set "sampled" in its <c>traceparent</c>,
/// defeat the sampler's ratio, and cost spans and bytes in the journal.
/// </summary>
public static class CallerTraces
{
    /// <summary>A caller's trace may be continued where callers are trusted, or a proxy in front decides about sampling.</summary>
    public const string Setting = "TRACES_TRUST_CALLER";

    public static void AddCallerTraces(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.Flag(Setting, defaultValue: false))
            return;
        builder.Services.AddSingleton<DistributedContextPropagator, IgnoreCaller>();
        // The default propagator also handles baggage, and with it the instrumentation would read the caller's headers again.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());
        builder.Services.Configure<AspNetCoreTraceInstrumentationOptions>(web =>
            web.EnrichWithHttpRequest = (span, request) =>
            {
                if (ActivityContext.TryParse(request.Headers.TraceParent, traceState: null, isRemote: true, out var caller))
                    span.AddLink(new ActivityLink(caller));
            }
        );
    }

    /// <summary>
    /// <c>Inject</c> may do nothing, because outgoing requests get their context from <see cref="DistributedContextPropagator.Current"/>.
    /// </summary>
    private sealed class IgnoreCaller : DistributedContextPropagator
    {
        public override IReadOnlyCollection<string> Fields => [];

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) { }

        public override void ExtractTraceIdAndState(
            object? carrier,
            PropagatorGetterCallback? getter,
            out string? traceId,
            out string? traceState
        ) => traceId = traceState = null;

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) =>
            null;
    }
}
