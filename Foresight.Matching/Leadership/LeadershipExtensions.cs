using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Foresight.Matching.Leadership;

/// <summary>What every leadership loop of the process shares.</summary>
public sealed record LeadershipServices(
    LeaseOptions Options, ILeaseStore Leases, TermStore Terms, ILeaderSessions Sessions, CrashDetector Crashes, LeadershipMetrics Metrics,
    IBroadcast Broadcast, INotices Notices, NodePresence Presence, TimeProvider Clock)
{
    /// <summary>Makes the token of a bid.</summary>
    public Func<Guid> NewToken { get; init; } = Guid.NewGuid;

    /// <summary>Takes a dead node out of the registry.</summary>
    public required Func<string, CancellationToken, Task> DropNode { get; init; }

    /// <summary>What this node has of the matching engine's shards.</summary>
    public ShardShare Share { get; init; } = new();
}

public static class LeadershipExtensions
{
    /// <summary>
    /// Runs <typeparamref name="TWork"/> on exactly one node at a time, under the lease of this resource. Needs <c>AddRedis</c>,
    /// <c>AddPostgres</c> and <c>AddClusterNode</c>.
    /// </summary>
    public static IHostApplicationBuilder AddLeadership<TWork>(this IHostApplicationBuilder builder, string resource) where TWork : class, ILeaderTask
    {
        builder.Services.TryAddSingleton<TWork>();
        return builder.AddLeadership(resource, provider => provider.GetRequiredService<TWork>());
    }

    /// <inheritdoc cref="AddLeadership{TWork}"/>
    public static IHostApplicationBuilder AddLeadership(this IHostApplicationBuilder builder, string resource, Func<IServiceProvider, ILeaderTask> work)
    {
        builder.Services.TryAddSingleton(LeaseOptions.From(builder.Configuration));
        builder.Services.TryAddSingleton<RedisLeaseStore>();
        if (builder.Configuration.ClusterEnabled())
            builder.Services.TryAddSingleton<ILeaseStore>(provider => provider.GetRequiredService<RedisLeaseStore>());
        else builder.Services.TryAddSingleton<ILeaseStore, SoleNodeLeaseStore>();
        builder.Services.TryAddSingleton<ILeadershipTable, PostgresLeadershipTable>();
        builder.Services.TryAddSingleton<INodeProbe, SocketProbe>();
        builder.Services.TryAddSingleton<TermStore>();
        builder.Services.TryAddSingleton<ILeaderSessions, LeaderSessions>();
        builder.Services.TryAddSingleton<CrashDetector>();
        builder.Services.TryAddSingleton<LeadershipMetrics>();
        builder.Services.TryAddSingleton<ShardShare>();
        builder.Services.TryAddSingleton(provider => new LeadershipServices(
            provider.GetRequiredService<LeaseOptions>(), provider.GetRequiredService<ILeaseStore>(), provider.GetRequiredService<TermStore>(),
            provider.GetRequiredService<ILeaderSessions>(), provider.GetRequiredService<CrashDetector>(), provider.GetRequiredService<LeadershipMetrics>(),
            provider.GetRequiredService<IBroadcast>(), provider.GetRequiredService<INotices>(), provider.GetRequiredService<NodePresence>(),
            provider.GetRequiredService<TimeProvider>())
        {
            DropNode = provider.GetRequiredService<NodeRegistry>().DropAsync,
            Share = provider.GetRequiredService<ShardShare>(),
        });
        builder.Services.AddSingleton<IHostedService>(provider =>
            ActivatorUtilities.CreateInstance<LeadershipLoop>(provider, resource, work(provider)));
        return builder;
    }
}
