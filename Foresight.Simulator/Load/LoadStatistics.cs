using System.Collections.Concurrent;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Load;

/// <summary>An order that the Api said is in the journal.</summary>
/// <param name="RequestedLots">Its whole size.</param>
public sealed record Acknowledgement(
    string OrderId, long Epoch, long Sequence, long RequestedLots, TimeSpan Latency, DateTimeOffset At, bool WasInDoubt);

/// <summary>Counts of a load run; safe for any number of writers, readable while it runs.</summary>
/// <param name="keepAcknowledgements">Whether to keep every acknowledgement: for bounded runs only, it grows without limit.</param>
public sealed class LoadStatistics(bool keepAcknowledgements)
{
    private readonly ConcurrentQueue<Acknowledgement> acknowledgements = [];
    private readonly ConcurrentDictionary<string, long> rejected = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> faults = new(StringComparer.Ordinal);
    private long sent, acknowledged, cancels, skipped, inDoubt, unresolved;
    private long lastEpoch, lastSequence;

    /// <summary>From the moment the order was due to the answer, so that a stalled server is not flattered by a stalled client.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Those so far, in the order in which they came in; empty unless they are kept.</summary>
    public IReadOnlyCollection<Acknowledgement> Acknowledgements => acknowledgements;

    public void OnSent() => Interlocked.Increment(ref sent);

    public void OnCancelled() => Interlocked.Increment(ref cancels);

    /// <summary>A decision that was not carried out: its trader could not pay, its slot was busy, or too much was in flight.</summary>
    public void OnSkipped() => Interlocked.Increment(ref skipped);

    public void OnFault(ApiFault fault) => faults.AddOrUpdate(fault.Code, 1, static (_, n) => n + 1);

    /// <summary>The run ended while the order's fate was still unknown.</summary>
    public void OnUnresolved() => Interlocked.Increment(ref unresolved);

    public void OnRejected(PlaceOutcome.Rejected outcome)
    {
        rejected.AddOrUpdate(outcome.Code, 1, static (_, n) => n + 1);
        if (outcome.WasInDoubt)
            Interlocked.Increment(ref inDoubt);
    }

    public void OnAcknowledged(Acknowledgement acknowledgement)
    {
        Interlocked.Increment(ref acknowledged);
        Latency.Record(acknowledgement.Latency);
        Interlocked.Exchange(ref lastEpoch, acknowledgement.Epoch);
        Interlocked.Exchange(ref lastSequence, acknowledgement.Sequence);
        if (acknowledgement.WasInDoubt)
            Interlocked.Increment(ref inDoubt);
        if (keepAcknowledgements)
            acknowledgements.Enqueue(acknowledgement);
    }

    public LoadReport Report() => new(
        Interlocked.Read(ref sent), Interlocked.Read(ref acknowledged), rejected.Values.Sum(), Interlocked.Read(ref cancels),
        Interlocked.Read(ref skipped), Interlocked.Read(ref inDoubt), Interlocked.Read(ref unresolved),
        rejected.ToDictionary(StringComparer.Ordinal), faults.ToDictionary(StringComparer.Ordinal),
        Latency.Percentile(0.50), Latency.Percentile(0.95), Latency.Percentile(0.99), Latency.Max,
        Interlocked.Read(ref lastEpoch), Interlocked.Read(ref lastSequence), [.. acknowledgements]);
}

/// <param name="InDoubt">Orders of which an attempt went unanswered, and whose fate was then found out.</param>
/// <param name="Unresolved">Orders whose fate was unknown when the run ended; they may be in the journal or not.</param>
/// <param name="Faults">Attempts without a final answer (429, 503, in doubt, connection lost), by code.</param>
public sealed record LoadReport(
    long Sent, long Acknowledged, long Rejected, long Cancels, long Skipped, long InDoubt, long Unresolved,
    IReadOnlyDictionary<string, long> RejectedByCode, IReadOnlyDictionary<string, long> Faults,
    TimeSpan P50, TimeSpan P95, TimeSpan P99, TimeSpan Max, long LastEpoch, long LastSequence,
    IReadOnlyList<Acknowledgement> Acknowledgements)
{
    public override string ToString() =>
        $"sent {Sent}, acknowledged {Acknowledged}, rejected {Rejected}{Listed(RejectedByCode)}, cancels {Cancels}, skipped {Skipped}, in doubt {InDoubt}, "
        + $"unresolved {Unresolved}, faults{Listed(Faults)}; p50 {P50.TotalMilliseconds:0.0} ms, p99 {P99.TotalMilliseconds:0.0} ms; "
        + $"journal at ({LastEpoch}, {LastSequence})";

    private static string Listed(IReadOnlyDictionary<string, long> counts) =>
        " [" + string.Join(", ", counts.OrderByDescending(c => c.Value).Select(c => $"{c.Key} {c.Value}")) + "]";
}
