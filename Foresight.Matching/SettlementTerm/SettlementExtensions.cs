using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.Protocol;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.SettlementTerm;

internal static class SettlementExtensions
{
    /// <summary>Adds settlement and the chain follower, run by the node that holds their lease. Requires <c>OPERATOR_KEY</c>.</summary>
    public static IHostApplicationBuilder AddSettlement(this IHostApplicationBuilder builder)
    {
        builder.AddChain();
        builder.Services.AddSingleton(SettlementOptions.From(builder.Configuration));
        builder.Services.AddSingleton(OperatorKey.From(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton<TradeStatePublisher>();
        builder.Services.AddSingleton<SettlementMetrics>();
        builder.Services.AddSingleton<SettlementServices>();
        builder.Services.AddHealthChecks().AddCheck<SettlementCheck>("settlement", HealthStatus.Unhealthy, []);
        return builder.AddLeadership<SettlementTask>(LeasedResources.Settlement);
    }
}
