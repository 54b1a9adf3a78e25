using System.Diagnostics;
using Foresight.ServiceDefaults.Hosting;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Instrumentation.AspNetCore;

namespace Microsoft.AspNetCore.Builder;

/// <summary>
/// Anyone can send a <c>traceparent</c> whose flag says "sampled", which would defeat the sampler's ratio and cost spans and bytes in the
/// journal. So a request begins a trace of its own here, for the sampler to decide on, and is linked to the caller's span.
/// </summary>
public static class CallerTraces
{
    /// <summary>For an Api whose callers are all ours, or come through a proxy that samples: their traces go on here.</summary>
    public const string Setting = "TRACES_TRUST_CALLER";

    public static void AddCallerTraces(this WebApplicationBuilder builder)
    {
        if (builder.Configuration.Flag(Setting, defaultValue: false))
            return;
        builder.Services.AddSingleton<DistributedContextPropagator, IgnoreCaller>();
        // With the default propagator, which adds baggage, the instrumentation would read the headers again.
        Sdk.SetDefaultTextMapPropagator(new TraceContextPropagator());
        builder.Services.Configure<AspNetCoreTraceInstrumentationOptions>(web =>
            web.EnrichWithHttpRequest = (span, request) =>
            {
                if (ActivityContext.TryParse(request.Headers.TraceParent, traceState: null, isRemote: true, out var caller))
                    span.AddLink(new ActivityLink(caller));
            }
        );
    }

    /// <summary>Of requests that come in; what goes out has its context from <see cref="DistributedContextPropagator.Current"/>.</summary>
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
