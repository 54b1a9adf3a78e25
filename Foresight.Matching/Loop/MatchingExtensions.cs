using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Sharding;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.Matching.Loop;

internal static class MatchingExtensions
{
    public static IHostApplicationBuilder AddMatching(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MatchingMetrics>();
        builder.Services.AddSingleton<OrderLifeWatch>();
        builder.Services.AddSingleton<JournalTimeWatch>();
        builder.Services.AddHealthChecks().AddCheck<OrderLifeWatch>("order-life", HealthStatus.Unhealthy, []);
        builder.Services.AddHealthChecks().AddCheck<JournalTimeWatch>("database-clock", HealthStatus.Unhealthy, []);
        builder.Services.AddSingleton<MatchingOptions>();
        builder.Services.AddSingleton<MatchingServices>();
        builder.Services.AddSingleton<MatchingGate>();
        // Registered before the leadership loops, whose own gate would be open.
        builder.Services.AddSingleton<LeadershipGate>();
        builder.Services.AddHostedService<ShardCheck>();
        builder.Services.AddHostedService<Warmup>();
        var shards = ShardOptions.From(builder.Configuration);
        builder.Services.AddSingleton(shards);
        builder.Services.AddSingleton<IJournals>(new PostgresJournals(shards, builder.Configuration.ExpiryMarginSeconds()));
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
