using Foresight.Contracts;
using Foresight.Matching.Leadership;

namespace Foresight.Matching.Pipeline;

internal static class PipelineExtensions
{
    /// <summary>The matching engine, run by the node that holds its lease.</summary>
    public static IHostApplicationBuilder AddPipeline(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PipelineMetrics>();
        builder.Services.AddSingleton<PipelineOptions>();
        builder.Services.AddSingleton<IJournals, PostgresJournals>();
        builder.Services.AddSingleton<MatchingGate>();
        builder.Services.AddHostedService<Rehearsal>();
        return builder.AddLeadership<MatchingTask>(LeasedResources.Matching);
    }
}
