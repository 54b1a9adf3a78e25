using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.Protocol;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.SettlementTerm;

internal static class SettlementExtensions
{
    /// <summary>Every matching node requires <c>OPERATOR_KEY</c>, because any of them may take settlement's lease.</summary>
    public static IHostApplicationBuilder AddSettlement(this IHostApplicationBuilder builder)
    {
        builder.AddChain();
        builder.Services.AddSingleton(SettlementOptions.From(builder.Configuration));
        builder.Services.AddSingleton(OperatorKey.From(builder.Configuration, builder.Environment));
        builder.Services.AddSingleton<TradeStatePublisher>();
        builder.Services.AddSingleton<WithdrawalPublisher>();
        builder.Services.AddSingleton<SettlementMetrics>();
        builder.Services.AddSingleton<SettlementServices>();
        builder.Services.AddHealthChecks().AddCheck<SettlementCheck>("settlement", HealthStatus.Unhealthy, []);
        builder.Services.AddSingleton<SettlementTask>();
        builder.Services.AddSingleton<HistorySampler>();
        builder.Services.AddSingleton<HistoryRecorder>();
        return builder.AddLeadership<RecordedTerm>(LeasedResources.Settlement);
    }
}
