using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.Orders;

/// <summary>
/// Feeds the metric and the health check <c>database-clock</c>, and logs; decides nothing. Not part of readiness, because another node
/// would read the same clock, and cancels and the facts of the chain go on.
/// </summary>
public sealed partial class JournalTimeWatch : IHealthCheck
{
    /// <summary>A leader reads the clock at least once a second, so after this the node no longer leads.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock;
    private readonly ILogger<JournalTimeWatch> _logger;
    private int _isDoubted;
    private Seen? _seen;

    public JournalTimeWatch(IMeterFactory meters, TimeProvider clock, ILogger<JournalTimeWatch> logger)
    {
        (_clock, _logger) = (clock, logger);
        meters
            .Create(MetricNames.Meter)
            .CreateObservableGauge(
                MetricNames.DatabaseClockAhead,
                Measure,
                "s",
                "How far the primary's clock is ahead of every other clock that the leader knows, where a leader reads it."
            );
    }

    private Seen? Current => Volatile.Read(ref _seen) is { } seen && _clock.GetElapsedTime(seen.Timestamp) < Lasts ? seen : null;

    internal void Saw(TimeSpan ahead, bool isDoubted)
    {
        Volatile.Write(ref _seen, new Seen(ahead, isDoubted, _clock.GetTimestamp()));
        // Shards of one node see the same clock, and the first of them reports it.
        var wasDoubted = Interlocked.Exchange(ref _isDoubted, isDoubted ? 1 : 0) == 1;
        if (wasDoubted == isDoubted)
            return;
        if (isDoubted)
            Log.Doubted(_logger, ahead);
        else
            Log.Believed(_logger);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            Current is { IsDoubted: true } seen
                ? HealthCheckResult.Unhealthy(
                    $"no new orders are taken: the database's clock is {seen.Ahead} ahead of the journal, of this node and of the chain"
                )
                : HealthCheckResult.Healthy()
        );

    private IEnumerable<Measurement<double>> Measure() =>
        Current is { } seen ? [new(Math.Max(0, Math.Round(seen.Ahead.TotalSeconds, 3)))] : [];

    private sealed record Seen(TimeSpan Ahead, bool IsDoubted, long Timestamp);

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Critical,
            "The database's clock is {Ahead} ahead of the journal, of this node's clock and of the newest block. No order is taken, none "
                + "expires and no market is closed until one of them agrees. Check the clock of the primary."
        )]
        public static partial void Doubted(ILogger logger, TimeSpan ahead);

        [LoggerMessage(LogLevel.Warning, "The database's clock agrees with another clock again. Orders are taken.")]
        public static partial void Believed(ILogger logger);
    }
}
