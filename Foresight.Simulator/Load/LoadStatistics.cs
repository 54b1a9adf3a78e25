using System.Collections.Concurrent;
using Foresight.Client;
using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Load;

public sealed record Acknowledgement(
    string OrderId,
    long Epoch,
    long Sequence,
    long RequestedLots,
    TimeSpan Latency,
    DateTimeOffset At,
    bool WasInDoubt
);

/// <param name="keepAcknowledgements">For bounded runs only, because every acknowledgement is kept.</param>
public sealed class LoadStatistics(bool keepAcknowledgements)
{
    private readonly ConcurrentQueue<Acknowledgement> _acknowledgements = [];
    private readonly ConcurrentDictionary<string, long> _rejected = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _faults = new(StringComparer.Ordinal);
    private long _sent,
        _acknowledged,
        _cancels,
        _skipped,
        _inDoubt,
        _unresolved;
    private long _lastEpoch,
        _lastSequence;

    /// <summary>Measured from the moment the order was due, not sent, so that a delayed client does not hide a stalled server.</summary>
    public LatencyHistogram Latency { get; } = new();

    public IReadOnlyCollection<Acknowledgement> Acknowledgements => _acknowledgements;

    public void OnSent() => Interlocked.Increment(ref _sent);

    public void OnCancelled() => Interlocked.Increment(ref _cancels);

    public void OnSkipped() => Interlocked.Increment(ref _skipped);

    public void OnFault(ApiFault fault) => _faults.AddOrUpdate(fault.Code, 1, static (_, n) => n + 1);

    /// <summary>The run ended before the order's fate was known, so it may or may not be in the journal.</summary>
    public void OnUnresolved() => Interlocked.Increment(ref _unresolved);

    public void OnRejected(PlaceOutcome.Rejected outcome)
    {
        _rejected.AddOrUpdate(outcome.Code, 1, static (_, n) => n + 1);
        if (outcome.WasInDoubt)
            Interlocked.Increment(ref _inDoubt);
    }

    public void OnAcknowledged(Acknowledgement acknowledgement)
    {
        Interlocked.Increment(ref _acknowledged);
        Latency.Record(acknowledgement.Latency);
        Interlocked.Exchange(ref _lastEpoch, acknowledgement.Epoch);
        Interlocked.Exchange(ref _lastSequence, acknowledgement.Sequence);
        if (acknowledgement.WasInDoubt)
            Interlocked.Increment(ref _inDoubt);
        if (keepAcknowledgements)
            _acknowledgements.Enqueue(acknowledgement);
    }

    public LoadReport Report() =>
        new(
            Interlocked.Read(ref _sent),
            Interlocked.Read(ref _acknowledged),
            _rejected.Values.Sum(),
            Interlocked.Read(ref _cancels),
            Interlocked.Read(ref _skipped),
            Interlocked.Read(ref _inDoubt),
            Interlocked.Read(ref _unresolved),
            _rejected.ToDictionary(StringComparer.Ordinal),
            _faults.ToDictionary(StringComparer.Ordinal),
            Latency.Percentile(0.50),
            Latency.Percentile(0.95),
            Latency.Percentile(0.99),
            Latency.Max,
            Interlocked.Read(ref _lastEpoch),
            Interlocked.Read(ref _lastSequence),
            [.. _acknowledgements]
        );
}

/// <param name="InDoubt">Orders with an unanswered attempt whose fate was found out later.</param>
/// <param name="Unresolved">Their fate was unknown at the end of the run, so they may or may not be in the journal.</param>
/// <param name="Faults">Attempts without a final answer (429, 503, in doubt, connection lost), by code.</param>
public sealed record LoadReport(
    long Sent,
    long Acknowledged,
    long Rejected,
    long Cancels,
    long Skipped,
    long InDoubt,
    long Unresolved,
    IReadOnlyDictionary<string, long> RejectedByCode,
    IReadOnlyDictionary<string, long> Faults,
    TimeSpan P50,
    TimeSpan P95,
    TimeSpan P99,
    TimeSpan Max,
    long LastEpoch,
    long LastSequence,
    IReadOnlyList<Acknowledgement> Acknowledgements
)
{
    public override string ToString() =>
        $"sent {Sent}, acknowledged {Acknowledged}, rejected {Rejected}{Listed(RejectedByCode)}, cancels {Cancels}, skipped {Skipped}, "
        + $"in doubt {InDoubt}, "
        + $"unresolved {Unresolved}, faults{Listed(Faults)}; p50 {P50.TotalMilliseconds:0.0} ms, p99 {P99.TotalMilliseconds:0.0} ms; "
        + $"journal at ({LastEpoch}, {LastSequence})";

    private static string Listed(IReadOnlyDictionary<string, long> counts) =>
        " [" + string.Join(", ", counts.OrderByDescending(c => c.Value).Select(c => $"{c.Key} {c.Value}")) + "]";
}
