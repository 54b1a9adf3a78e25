using System.Diagnostics;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Matching.Pipeline;

/// <summary>
/// When a sampled command passed the stages of the pipeline. Only moments are taken on the loop's thread; the spans are made of them when
/// the batch is published. A command that is not sampled has no such object.
/// </summary>
/// <param name="caller">The Api's span, which the journal keeps with the order.</param>
/// <param name="delivery">The HTTP request that brought the command among others; default if there is none.</param>
internal sealed class OrderTrace(ActivityContext caller, ActivityContext delivery, DateTime receivedAt)
{
    public ActivityContext Caller => caller;

    public ActivityContext Delivery => delivery;

    public DateTime ReceivedAt => receivedAt;

    public DateTime MatchingAt { get; private set; }

    public DateTime MatchedAt { get; private set; }

    /// <summary>0: answered without being sequenced.</summary>
    public long Sequence { get; set; }

    /// <summary>Null if the command is not sampled.</summary>
    public static OrderTrace? Of(DoorCommand command, TimeProvider clock) => TraceContext.Parse(command.TraceParent) is { } caller
        ? new OrderTrace(caller, Activity.Current?.Context ?? default, clock.GetUtcNow().UtcDateTime)
        : null;

    /// <summary>Its turn has come, perhaps once more.</summary>
    public void Begin(TimeProvider clock) => (MatchingAt, Sequence) = (clock.GetUtcNow().UtcDateTime, 0);

    public void End(TimeProvider clock) => MatchedAt = clock.GetUtcNow().UtcDateTime;
}
