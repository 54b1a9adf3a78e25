using System.Diagnostics;

namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>
/// An order that is not sampled has no trace context, and costs a null from the Api to the chain. W3C, without <c>tracestate</c>: as text
/// on its way to the leader, as bytes in the journal.
/// </summary>
public static class TraceContext
{
    /// <summary>16 bytes of trace id, 8 of span id, 1 of flags.</summary>
    public const int Size = 25;

    /// <summary>Bounds the size of a batch's span: further sampled orders link to the batch, but not the batch to them.</summary>
    public const int MaximumLinks = 64;

    private const int TraceIdSize = 16;
    private const int SpanIdSize = 8;

    public static string? Of(Activity? span) => span is { Recorded: true, IdFormat: ActivityIdFormat.W3C } ? span.Id : null;

    /// <summary>
    /// An invalid traceparent counts as none, as W3C requires: no order is refused because of it. Null also if it is not sampled.
    /// </summary>
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
    /// The span of work that is done once for several orders belongs to the trace of the first, so that it is sampled exactly if one of
    /// them is, and links to each. Null if there are none, or no listener is attached.
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
