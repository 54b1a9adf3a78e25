using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace Microsoft.Extensions.Hosting;

public static class ClusterExtensions
{
    /// <summary>
    /// This process becomes a node of the cluster: it is announced, and it can find the leaders and the other nodes. Needs
    /// <c>AddServiceDefaults</c> and <c>AddRedisClient</c>.
    /// </summary>
    /// <param name="kind">matching, api, console.</param>
    public static TBuilder AddClusterNode<TBuilder>(this TBuilder builder, string kind, string initialState = "running")
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new NodePresence(kind, initialState));
        builder.Services.AddSingleton<NodeRegistry>();
        builder.Services.AddSingleton<LeaderDirectory>();
        builder.Services.AddSingleton<ClusterMetrics>();
        builder.Services.AddSingleton<Namesakes>();
        builder.Services.AddHostedService<NodeAnnouncer>();
        // What a node does for nobody's request would bury the traces of orders.
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(new BackgroundSpanFilter()));
        return builder;
    }

    /// <summary>Registers <see cref="LeaderRouter"/>, which hands commands to the leader's door. Needs <c>CLUSTER_SECRET</c>.</summary>
    public static TBuilder AddLeaderRouter<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(ClusterSecret.From(builder.Configuration));
        builder.Services.AddSingleton<LeaderRouter>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<LeaderRouter>());
        return builder;
    }
}
