using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Foresight.ServiceDefaults.Trust;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StackExchange.Redis.KeyspaceIsolation;

namespace Microsoft.Extensions.Hosting;

public static class RedisExtensions
{
    /// <summary>
    /// <see cref="IDatabase"/> and <see cref="IBroadcast"/> are under the cluster's prefix, so that clusters can share a server. The
    /// broadcast needs <c>CLUSTER_SECRET</c>. The health check decides readiness only where <paramref name="neededToBeReady"/> is true.
    /// </summary>
    public static TBuilder AddRedis<TBuilder>(this TBuilder builder, bool neededToBeReady = true)
        where TBuilder : IHostApplicationBuilder
    {
        var settings = RedisSettings.From(builder.Configuration);
        settings.RequirePassword(builder.Environment.IsDevelopment());
        builder.AddRedisClient(
            "redis",
            client =>
            {
                client.ConnectionString = settings.Configuration;
                client.DisableTracing = !builder.Configuration.ExportsTelemetry();
            },
            settings.Apply
        );
        // The client logs every failed reconnection as an error, which would bury the changes that RedisBroadcast logs.
        builder.Logging.AddFilter("StackExchange.Redis", LogLevel.Critical);
        builder.Services.AdoptHealthCheck("StackExchange.Redis", "redis", neededToBeReady);
        builder.Services.AddSingleton(settings);
        if (!builder.Environment.IsDevelopment())
            builder.AddPasswordGuard();
        builder.Services.AddSingleton(provider => DatabaseOf(provider.GetRequiredService<IConnectionMultiplexer>(), settings));
        builder.Services.TryAddSingleton(ClusterKeys.From(builder.Configuration));
        builder.Services.AddSingleton<MessageSeals>();
        builder.Services.AddSingleton<DroppedMessages>();
        builder.Services.AddSingleton<RedisBroadcast>();
        builder.Services.AddSingleton<IBroadcast>(provider => provider.GetRequiredService<RedisBroadcast>());
        return builder;
    }

    private static void AddPasswordGuard(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<RedisPasswordGuard>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RedisPasswordGuard>());
        builder.Services.AddHealthChecks().AddCheck<RedisPasswordGuard>("redis-password", HealthStatus.Degraded);
    }

    public static IDatabase DatabaseOf(IConnectionMultiplexer redis, RedisSettings settings) =>
        redis.GetDatabase().WithKeyPrefix(settings.KeyPrefix);
}
