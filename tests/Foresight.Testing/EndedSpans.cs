using System.Collections.Concurrent;
using System.Diagnostics;

namespace Foresight.Testing;

/// <summary>Spans of other tests in this process are kept too, so a test identifies its own by the trace id.</summary>
public sealed class EndedSpans : IDisposable
{
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public EndedSpans(ActivitySource source)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = one => one == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public static ActivityContext NewTrace() =>
        new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);

    public IReadOnlyList<Activity> Of(ActivityContext trace) => [.. _ended.Where(span => span.TraceId == trace.TraceId)];

    public void Dispose() => _listener.Dispose();
}
