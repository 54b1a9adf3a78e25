using Foresight.Matching.Settlement;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.SettlementTerm;

/// <summary>
/// Unhealthy while settlement is halted on this node and waits for an operator. Not part of readiness, because matching continues.
/// </summary>
public sealed class SettlementCheck(SettlementMetrics settlement) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(settlement.Halted is { } reason ? HealthCheckResult.Unhealthy($"halted: {reason}") : HealthCheckResult.Healthy());
}
