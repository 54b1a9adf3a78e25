using Foresight.ServiceDefaults.Health;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.Hosting;

public static class RedisExtensions
{
    /// <summary>
    /// Registers <see cref="RedisConnection"/> for the connection string of this name, and a health check "redis". The check decides
    /// readiness only where <paramref name="neededToBeReady"/> says so.
    /// </summary>
    public static TBuilder AddRedisClient<TBuilder>(this TBuilder builder, string connectionName = "redis", bool neededToBeReady = true)
        where TBuilder : IHostApplicationBuilder
    {
        var settings = RedisSettings.From(builder.Configuration, connectionName);
        builder.Services.TryAddSingleton(settings);
        builder.Services.TryAddSingleton<RedisConnection>();
        builder.Services.TryAddSingleton<IBroadcast>(provider => provider.GetRequiredService<RedisConnection>());
        builder.Services.AddHealthChecks().AddCheck<RedisHealthCheck>(
            "redis", neededToBeReady ? HealthStatus.Unhealthy : HealthStatus.Degraded, neededToBeReady ? [HealthBoard.Ready] : []);
        return builder;
    }

    private sealed class RedisHealthCheck(RedisConnection redis) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellation)
        {
            try
            {
                var elapsed = await redis.Database.PingAsync().WaitAsync(cancellation);
                return HealthCheckResult.Healthy($"answers in {elapsed.TotalMilliseconds:0.0} ms");
            }
            catch (StackExchange.Redis.RedisException error)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, "Redis cannot be reached.", error);
            }
        }
    }
}
