using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.Orders;

/// <summary>
/// Feeds the metric and the health check <c>order-life</c> and decides nothing. Not part of readiness, because cancels and the settlement
/// of what was matched go on.
/// </summary>
public sealed class OrderLifeWatch : IHealthCheck
{
    /// <summary>A leader reads the bounds at least once a second, so after this the node no longer leads.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _clock;
    private Seen? _seen;

    public OrderLifeWatch(IMeterFactory meters, TimeProvider clock)
    {
        _clock = clock;
        meters
            .Create(MetricNames.Meter)
            .CreateObservableGauge(
                MetricNames.SignOfLifeAge,
                Measure,
                "s",
                "Age of settlement's last final sign of life on chain, where a leader reads it."
            );
    }

    private Seen? Current => Volatile.Read(ref _seen) is { } seen && _clock.GetElapsedTime(seen.Timestamp) < Lasts ? seen : null;

    /// <param name="now">The journal's time, by which the leader decides; this node's clock may be wrong.</param>
    internal void Saw(OrderLife life, DateTime now) =>
        Volatile.Write(ref _seen, new Seen(life, new DateTimeOffset(now).ToUnixTimeSeconds(), _clock.GetTimestamp()));

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(
            Current is not { } seen || !seen.Life.IsSilent(seen.NowSeconds) ? HealthCheckResult.Healthy()
            : seen.Life.SignedAt is not { } sign
                ? HealthCheckResult.Degraded("no new orders are taken before the first sign of life is final")
            : HealthCheckResult.Unhealthy(
                $"no new orders are taken: the last final sign of life of settlement is {seen.NowSeconds - sign} s old"
            )
        );

    private IEnumerable<Measurement<long>> Measure() => Current is { Life.SignedAt: { } sign } seen ? [new(seen.NowSeconds - sign)] : [];

    private sealed record Seen(OrderLife Life, long NowSeconds, long Timestamp);
}
