using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

internal static class ReconciliationExtensions
{
    /// <summary>Adds the reconciler, run by the node that holds its lease. Requires <c>AddSettlement</c>.</summary>
    public static IHostApplicationBuilder AddReconciliation(this IHostApplicationBuilder builder)
    {
        builder.AddChain();
        builder.Services.AddSingleton(ReconciliationOptions.From(builder.Configuration));
        builder.Services.AddSingleton<ReconciliationMetrics>();
        return builder.AddLeadership<ReconciliationTask>(LeasedResources.Reconciliation);
    }
}
