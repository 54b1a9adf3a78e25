using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Sharding;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

internal static class MatchingExtensions
{
    public static IHostApplicationBuilder AddMatching(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MatchingMetrics>();
        builder.Services.AddSingleton<MatchingOptions>();
        builder.Services.AddSingleton<IJournals, PostgresJournals>();
        builder.Services.AddSingleton<MatchingServices>();
        builder.Services.AddSingleton<MatchingGate>();
        builder.Services.AddHostedService<ShardCheck>();
        builder.Services.AddHostedService<Warmup>();
        var shards = ShardOptions.From(builder.Configuration);
        builder.Services.AddSingleton(shards);
        builder.Services.AddHostedService<ShardRebalancer>();
        for (var shard = 0; shard < shards.Count; shard++)
        {
            object number = shard;
            builder.AddLeadership(
                LeasedResources.MatchingOf(shard),
                provider => ActivatorUtilities.CreateInstance<MatchingTask>(provider, number)
            );
        }

        return builder;
    }
}
