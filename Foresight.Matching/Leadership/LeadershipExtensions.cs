using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Foresight.Matching.Leadership;

/// <summary>What every leadership loop of the process shares.</summary>
public sealed record LeadershipServices(
    LeaseOptions Options, LeaseStore Leases, TermStore Terms, LeaderSessions Sessions, CrashDetector Crashes, LeadershipMetrics Metrics,
    RedisConnection Redis, NodePresence Presence, NodeRegistry Nodes, TimeProvider Clock);

public static class LeadershipExtensions
{
    /// <summary>
    /// Runs <typeparamref name="TWork"/> on exactly one node at a time, under the lease of this resource. Needs <c>AddRedisClient</c>,
    /// <c>AddPostgres</c> and <c>AddClusterNode</c>.
    /// </summary>
    public static IHostApplicationBuilder AddLeadership<TWork>(this IHostApplicationBuilder builder, string resource) where TWork : class, ILeaderTask
    {
        builder.Services.TryAddSingleton(LeaseOptions.From(builder.Configuration));
        builder.Services.TryAddSingleton(PostgresAddress.From(builder.Configuration));
        builder.Services.TryAddSingleton<LeaseStore>();
        builder.Services.TryAddSingleton<TermStore>();
        builder.Services.TryAddSingleton<LeaderSessions>();
        builder.Services.TryAddSingleton<CrashDetector>();
        builder.Services.TryAddSingleton<LeadershipMetrics>();
        builder.Services.TryAddSingleton(provider => new LeadershipServices(
            provider.GetRequiredService<LeaseOptions>(), provider.GetRequiredService<LeaseStore>(), provider.GetRequiredService<TermStore>(),
            provider.GetRequiredService<LeaderSessions>(), provider.GetRequiredService<CrashDetector>(), provider.GetRequiredService<LeadershipMetrics>(),
            provider.GetRequiredService<RedisConnection>(), provider.GetRequiredService<NodePresence>(), provider.GetRequiredService<NodeRegistry>(),
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.TryAddSingleton<TWork>();
        builder.Services.AddSingleton<IHostedService>(provider =>
            ActivatorUtilities.CreateInstance<LeadershipLoop>(provider, resource, provider.GetRequiredService<TWork>()));
        return builder;
    }
}
