using Foresight.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

public static class ClusterExtensions
{
    /// <summary>
    /// This process becomes a node of the cluster: it is announced, it can find the leaders and the other nodes, and it can publish
    /// notices. Needs <c>AddServiceDefaults</c> and <c>AddRedis</c>.
    /// </summary>
    /// <param name="kind">matching, api, console.</param>
    public static TBuilder AddClusterNode<TBuilder>(this TBuilder builder, string kind, string initialState = "running")
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new NodePresence(kind, initialState));
        builder.Services.AddSingleton<NodeRegistry>();
        builder.Services.AddSingleton<NodeRegistration>();
        builder.Services.AddSingleton<LeaderDirectory>();
        builder.Services.AddSingleton<ClusterMetrics>();
        builder.Services.AddSingleton<DuplicateNodeGuard>();
        builder.AddNotices();
        builder.Services.AddHostedService<NodeAnnouncer>();
        // The polls of background loops belong to no request and would bury the traces of orders.
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(new BackgroundSpanFilter()));
        return builder;
    }

    /// <summary>Registers <see cref="LeaderRouter"/>, which hands commands to the leader's gateway. Needs <c>CLUSTER_SECRET</c>.</summary>
    public static TBuilder AddLeaderRouter<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(ClusterSecret.From(builder.Configuration));
        builder.Services.AddSingleton<LeaderRouter>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<LeaderRouter>());
        return builder;
    }

    /// <summary>
    /// SignalR's Redis backplane for <see cref="NoticeHub"/>, without a hub of its own. Its connection is not the one of the leases and the
    /// market data: it is disposed with the backplane, and notices must not hold these up.
    /// </summary>
    private static void AddNotices(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSignalR().AddMessagePackProtocol().AddStackExchangeRedis();
        builder
            .Services.AddOptions<RedisOptions>()
            .Configure<RedisSettings>(
                (options, settings) =>
                {
                    var configuration = settings.Options();
                    configuration.ChannelPrefix = RedisChannel.Literal(settings.KeyPrefix);
                    // A first connection that cannot be made is an error to its user, who tries again; the backplane keeps what it was
                    // given for good, and would hear nothing over a connection on which it could not subscribe. One that breaks later is
                    // made again by the client.
                    configuration.AbortOnConnectFail = true;
                    options.Configuration = configuration;
                }
            );
        // A failed attempt to connect is an error with its stack to the backplane; the publisher and the receiver log it once.
        builder.Logging.AddFilter(typeof(RedisOptions).Namespace, LogLevel.None);
        builder.Services.AddSingleton<HubLifetimeManager<NoticeHub>, NoticeBackplane>();
        builder.Services.AddSingleton<NoticeMetrics>();
        builder.Services.AddSingleton<NoticePublisher>();
        builder.Services.AddSingleton<INotices>(provider => provider.GetRequiredService<NoticePublisher>());
        builder.Services.AddHostedService(provider => provider.GetRequiredService<NoticePublisher>());
    }
}
