using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Foresight.ServiceDefaults.Trust;
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
    /// Requires <c>AddServiceDefaults</c>, <c>AddRedis</c>, <c>AddPostgres</c> and <c>CLUSTER_SECRET</c>, with which the node signs what it
    /// leaves in Redis.
    /// </summary>
    /// <param name="kind">One of <see cref="NodeKinds"/>.</param>
    public static TBuilder AddClusterNode<TBuilder>(this TBuilder builder, string kind, string initialState = "running")
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddSignedHints();
        builder.Services.AddSingleton(new NodePresence(kind, initialState));
        builder.Services.AddSingleton<NodeRegistry>();
        builder.Services.AddSingleton<NodeRegistration>();
        builder.Services.AddSingleton<LeaderRows>();
        builder.Services.AddSingleton<LeaderDirectory>();
        builder.Services.AddSingleton<ClusterMetrics>();
        builder.Services.AddSingleton<DuplicateNodeGuard>();
        builder.AddNotices();
        builder.Services.AddHostedService<NodeAnnouncer>();
        // The polls of background loops belong to no request, and their spans would bury the traces of orders.
        builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(new BackgroundSpanFilter()));
        return builder;
    }

    /// <summary>
    /// Requires <c>AddClusterNode</c>: a node and a leader's gateway prove to each other that they hold its <c>CLUSTER_SECRET</c>.
    /// </summary>
    public static TBuilder AddLeaderRouter<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddNodeProof();
        builder.Services.AddSingleton<LeaderRouter>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<LeaderRouter>());
        return builder;
    }

    private static void AddNodeProof(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(provider =>
        {
            var identity = provider.GetRequiredService<NodeIdentity>();
            var keys = provider.GetRequiredService<ClusterKeys>();
            var proof = new NodeProof(keys, identity.Id, provider.GetRequiredService<NodePresence>().Kind);
            identity.Renamed += proof.Rename;
            return proof;
        });
    }

    /// <summary>
    /// Notices have a Redis connection of their own, separate from that of the leases and the market data: it is disposed with the
    /// backplane, and notices must not delay the others.
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
                    // With AbortOnConnectFail a first connection that fails is an error to its user, who retries. Without it the
                    // backplane would permanently keep a connection on which it never managed to subscribe. The client re-establishes one
                    // that breaks later.
                    configuration.AbortOnConnectFail = true;
                    options.Configuration = configuration;
                }
            );
        // The backplane logs each failed attempt as an error with its stack; the publisher and the receiver log an outage once.
        builder.Logging.AddFilter(typeof(RedisOptions).Namespace, LogLevel.None);
        builder.Services.AddSingleton<HubLifetimeManager<NoticeHub>, NoticeBackplane>();
        builder.Services.AddSingleton<NoticeMetrics>();
        builder.Services.AddSingleton<NoticeSender>();
        builder.Services.AddSingleton<NoticePublisher>();
        builder.Services.AddSingleton<INotices>(provider => provider.GetRequiredService<NoticePublisher>());
        builder.Services.AddHostedService(provider => provider.GetRequiredService<NoticePublisher>());
    }
}
