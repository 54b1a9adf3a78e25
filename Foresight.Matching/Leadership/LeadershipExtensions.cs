using Foresight.Cluster;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Foresight.Matching.Leadership;

public static class LeadershipExtensions
{
    /// <summary>Requires <c>AddRedis</c>, <c>AddPostgres</c>, <c>AddClusterNode</c> and <c>AddLeaderRouter</c>.</summary>
    public static IHostApplicationBuilder AddLeadership<TWork>(this IHostApplicationBuilder builder, string resource)
        where TWork : class, ILeaderTask
    {
        builder.Services.TryAddSingleton<TWork>();
        return builder.AddLeadership(resource, provider => provider.GetRequiredService<TWork>());
    }

    public static IHostApplicationBuilder AddLeadership(
        this IHostApplicationBuilder builder,
        string resource,
        Func<IServiceProvider, ILeaderTask> work
    )
    {
        builder.Services.TryAddSingleton(LeaseOptions.From(builder.Configuration));
        builder.Services.TryAddSingleton<ILeaseBoard, RedisLeaseBoard>();
        builder.Services.TryAddSingleton<ILeadershipTable, PostgresLeadershipTable>();
        // Not the router's own: its batches may use up a connection's streams, and a watch would wait for one.
        builder.Services.TryAddSingleton<GatewayClient>();
        builder.Services.TryAddSingleton<INodeProbe, NodeProbe>();
        builder.Services.TryAddSingleton<TermStore>();
        builder.Services.TryAddSingleton<ILeaderSessions, LeaderSessions>();
        builder.Services.TryAddSingleton<CrashDetector>();
        builder.Services.TryAddSingleton<LeadershipMetrics>();
        builder.Services.TryAddSingleton<ShardPlacement>();
        builder.Services.TryAddSingleton<LeadershipStores>();
        builder.Services.TryAddSingleton(provider => new LeadershipOutlets(
            provider.GetRequiredService<LeadershipMetrics>(),
            provider.GetRequiredService<IBroadcast>(),
            provider.GetRequiredService<INotices>(),
            provider.GetRequiredService<NodePresence>()
        )
        {
            DropNode = provider.GetRequiredService<NodeRegistry>().DropAsync,
        });
        builder.Services.TryAddSingleton(new LeadershipGate(isOpen: true));
        builder.Services.TryAddSingleton(provider =>
            ActivatorUtilities.CreateInstance<LeadershipServices>(provider) with
            {
                Gate = provider.GetRequiredService<LeadershipGate>(),
            }
        );
        builder.Services.AddSingleton<IHostedService>(provider =>
            ActivatorUtilities.CreateInstance<LeadershipLoop>(provider, resource, work(provider))
        );
        return builder;
    }
}
