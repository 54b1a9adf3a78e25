using Foresight.Matching.Settlement;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.SettlementTerm;

/// <summary>
/// Health check <c>settlement</c>: unhealthy while settlement has stopped by itself here and waits for a person. It does not decide
/// readiness: matching goes on.
/// </summary>
public sealed class SettlementCheck(SettlementMetrics settlement) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(settlement.Halted is { } reason ? HealthCheckResult.Unhealthy($"halted: {reason}") : HealthCheckResult.Healthy());
}
