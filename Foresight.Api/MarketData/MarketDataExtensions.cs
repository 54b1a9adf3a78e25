using Foresight.Api.MarketData;
using Foresight.Cluster;
using Foresight.ServiceDefaults.Health;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.AspNetCore.Builder;

public static class MarketDataExtensions
{
    public static WebApplicationBuilder AddMarketData(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<MarketDataMetrics>();
        builder.Services.AddSingleton<BookReader>();
        builder.Services.AddSingleton<ClientLimits>();
        builder.Services.AddSingleton<HubCallLimit>();
        builder.Services.AddSingleton<FeedInbox>();
        builder.Services.AddSingleton<FeedParts>();
        builder.Services.AddSingleton<RedisListener>();
        builder.Services.AddSingleton<MarketFeed>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<MarketFeed>());
        builder.Services.AddSingleton<NoticeVerifier>();
        builder.Services.AddSingleton<NoticeReader>();
        builder.Services.AddHostedService<NoticeReceiver>();
        builder.Services.AddHealthChecks().AddCheck<FeedCheck>("market-data", HealthStatus.Unhealthy, [HealthEndpoints.Ready]);
        builder
            .Services.AddSignalR(options =>
            {
                // Enough for the longest call, a subscription to private orders of about 300 bytes.
                options.MaximumReceiveMessageSize = 4 * 1024;
                options.HandshakeTimeout = TimeSpan.FromSeconds(5);
                options.KeepAliveInterval = TimeSpan.FromSeconds(10);
                options.ClientTimeoutInterval = TimeSpan.FromSeconds(30);
                options.MaximumParallelInvocationsPerClient = 1;
                options.AddFilter<HubCallLimit>();
            })
            .AddMessagePackProtocol();
        // The feed keeps its own connections; only notices go through the backplane.
        builder.Services.AddSingleton<HubLifetimeManager<MarketHub>, MarketHubLifetime>();
        return builder;
    }

    public static WebApplication MapMarketData(this WebApplication app)
    {
        app.MapHub<MarketHub>("/hubs/market");
        var metrics = app.Services.GetRequiredService<MarketDataMetrics>();
        app.Services.GetRequiredService<NodePresence>().HubConnections = () => metrics.Clients;
        return app;
    }

    /// <summary>
    /// Unhealthy if the feed's loop stalls: the node would serve old books as current ones, so the load balancer must remove it. A lost
    /// Redis is not unhealthy: the node still serves reads and accepts orders, and its clients are notified.
    /// </summary>
    private sealed class FeedCheck(MarketFeed feed) : IHealthCheck
    {
        private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(4);

        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(
                feed.Silence > MaxSilence ? HealthCheckResult.Unhealthy("the feed stands still")
                : feed.IsConnected ? HealthCheckResult.Healthy()
                : HealthCheckResult.Degraded("market data comes from the journal only")
            );
    }
}
