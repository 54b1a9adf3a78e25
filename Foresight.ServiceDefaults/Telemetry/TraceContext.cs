using System.Diagnostics;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// Where a sampled order's spans hang: W3C trace context without <c>tracestate</c>, as text on its way to the leader and as bytes in the
/// journal. What is not sampled has none, so it costs a null from the Api to the chain.
/// </summary>
public static class TraceContext
{
    /// <summary>In the journal: 16 bytes of trace id, 8 of span id, 1 of flags.</summary>
    public const int Size = 25;

    /// <summary>Links of a batch's span. A batch that has more sampled orders is linked from the others, and not to them.</summary>
    public const int MaximumLinks = 64;

    private const int TraceIdSize = 16;
    private const int SpanIdSize = 8;

    /// <summary>The traceparent of a span; null if it is not sampled.</summary>
    public static string? Of(Activity? span) => span is { Recorded: true, IdFormat: ActivityIdFormat.W3C } ? span.Id : null;

    /// <summary>Null if it is not sampled. A text that is no traceparent counts as none, as W3C asks: no order is refused for it.</summary>
    public static ActivityContext? Parse(string? traceParent) =>
        traceParent is not null
        && ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out var context)
        && IsSampled(context)
            ? context
            : null;

    public static byte[] ToBytes(ActivityContext context)
    {
        var bytes = new byte[Size];
        context.TraceId.CopyTo(bytes.AsSpan(0, TraceIdSize));
        context.SpanId.CopyTo(bytes.AsSpan(TraceIdSize, SpanIdSize));
        bytes[Size - 1] = (byte)context.TraceFlags;
        return bytes;
    }

    /// <summary>Null if it is not sampled, or not what <see cref="ToBytes"/> made.</summary>
    public static ActivityContext? OfBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            return null;
        var context = new ActivityContext(
            ActivityTraceId.CreateFromBytes(bytes[..TraceIdSize]),
            ActivitySpanId.CreateFromBytes(bytes.Slice(TraceIdSize, SpanIdSize)),
            (ActivityTraceFlags)bytes[Size - 1],
            isRemote: true
        );
        return IsSampled(context) ? context : null;
    }

    /// <summary>
    /// Starts the span of work that is done once for several orders. It is in the trace of the first, so that it is sampled exactly when
    /// one of them is, and linked to each. Null if there are none, or nothing listens.
    /// </summary>
    public static Activity? StartBatch(ActivitySource source, string name, IEnumerable<ActivityContext> orders)
    {
        if (!source.HasListeners())
            return null;
        var links = orders.Take(MaximumLinks).Select(order => new ActivityLink(order)).ToList();
        return links.Count == 0 ? null : source.StartActivity(name, ActivityKind.Internal, links[0].Context, links: links);
    }

    private static bool IsSampled(ActivityContext context) => (context.TraceFlags & ActivityTraceFlags.Recorded) != 0;
}
