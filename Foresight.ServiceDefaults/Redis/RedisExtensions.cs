using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StackExchange.Redis.KeyspaceIsolation;

namespace Microsoft.Extensions.Hosting;

public static class RedisExtensions
{
    /// <summary>
    /// <see cref="IConnectionMultiplexer"/> and its health check "redis" from Aspire's client, <see
    /// cref="IDatabase"/> over the keys with the cluster's prefix, and <see cref="IBroadcast"/>. The check
    /// decides readiness only where <paramref name="neededToBeReady"/> says so.
    /// </summary>
    public static TBuilder AddRedis<TBuilder>(this TBuilder builder, bool neededToBeReady = true)
        where TBuilder : IHostApplicationBuilder
    {
        var settings = RedisSettings.From(builder.Configuration);
        builder.AddRedisClient(
            "redis",
            client =>
            {
                client.ConnectionString = settings.Configuration;
                client.DisableTracing = !builder.Configuration.ExportsTelemetry();
            },
            settings.Apply
        );
        // The client logs every failed reconnection as an error; RedisBroadcast logs changes only.
        builder.Logging.AddFilter("StackExchange.Redis", LogLevel.Critical);
        builder.Services.AdoptHealthCheck("StackExchange.Redis", "redis", neededToBeReady);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(provider => DatabaseOf(provider.GetRequiredService<IConnectionMultiplexer>(), settings));
        builder.Services.AddSingleton<RedisBroadcast>();
        builder.Services.AddSingleton<IBroadcast>(provider => provider.GetRequiredService<RedisBroadcast>());
        return builder;
    }

    public static IDatabase DatabaseOf(IConnectionMultiplexer redis, RedisSettings settings) =>
        redis.GetDatabase().WithKeyPrefix(settings.KeyPrefix);
}
