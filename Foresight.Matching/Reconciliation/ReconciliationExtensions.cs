using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

internal static class ReconciliationExtensions
{
    /// <summary>Requires <c>AddSettlement</c>, because repairs use its options and its publisher.</summary>
    public static IHostApplicationBuilder AddReconciliation(this IHostApplicationBuilder builder)
    {
        builder.AddChain();
        builder.Services.AddSingleton(ReconciliationOptions.From(builder.Configuration));
        builder.Services.AddSingleton<ReconciliationMetrics>();
        return builder.AddLeadership<ReconciliationTask>(LeasedResources.Reconciliation);
    }
}
