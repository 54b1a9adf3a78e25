using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster.Health;

/// <summary>Delegates, because this project does not reference Foresight.Chain.</summary>
public sealed record ChainEndpoints(Func<CancellationToken, Task> CheckAsync, Func<IReadOnlyList<ChainEndpointView>> Read);

/// <summary>Once a second, so that an endpoint that fails or lags is avoided, and one that recovers is used again.</summary>
public sealed partial class ChainWatch : BackgroundService, IHealthCheck
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ChainEndpoints _endpoints;
    private readonly TimeProvider _clock;
    private readonly ILogger<ChainWatch> _logger;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _outSince = new();

    public ChainWatch(ChainEndpoints endpoints, IMeterFactory meters, TimeProvider clock, ILogger<ChainWatch> logger)
    {
        (_endpoints, _clock, _logger) = (endpoints, clock, logger);
        var meter = meters.Create(MetricNames.Meter);
        meter.CreateObservableGauge(
            MetricNames.ChainEndpointHealth,
            () => endpoints.Read().Select(e => Measured(e, e.IsWell ? 1 : 0)),
            description: "1: asked in its turn; 0: asked last."
        );
        meter.CreateObservableGauge(
            MetricNames.ChainEndpointLag,
            () => endpoints.Read().Where(e => e.Behind is not null).Select(e => Measured(e, e.Behind!.Value)),
            description: "Blocks behind the best endpoint."
        );
    }

    public IReadOnlyList<ChainEndpointView> Endpoints =>
        [
            .. _endpoints
                .Read()
                .Select(endpoint =>
                    endpoint.IsWell || !_outSince.TryGetValue(endpoint.Name, out var since) ? endpoint : endpoint with { OutSince = since }
                ),
        ];

    /// <summary>Degraded at worst: orders are accepted and matched without the chain.</summary>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var all = _endpoints.Read();
        var bad = all.Where(e => !e.IsWell).ToList();
        if (bad.Count == 0)
            return Task.FromResult(HealthCheckResult.Healthy());
        // Without the error itself, which may contain host names: this output is public.
        var said = string.Join("; ", bad.Select(e => e.Behind > 0 ? $"{e.Name} is {e.Behind} blocks behind" : $"{e.Name} fails"));
        return Task.FromResult(
            HealthCheckResult.Degraded(bad.Count == all.Count ? $"no endpoint of the chain is well: {said}" : $"not in use: {said}")
        );
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await _endpoints.CheckAsync(stopping);
                Tell();
                await Task.Delay(Interval, _clock, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopping is no failure.
        }
    }

    private void Tell()
    {
        foreach (var endpoint in _endpoints.Read())
        {
            if (endpoint.IsWell && _outSince.TryRemove(endpoint.Name, out _))
                Log.IsBack(_logger, endpoint.Name);
            else if (!endpoint.IsWell && _outSince.TryAdd(endpoint.Name, _clock.GetUtcNow()))
                Log.IsOut(_logger, endpoint.Name, endpoint.Behind ?? 0, endpoint.Error ?? "it lags");
        }
    }

    private static Measurement<long> Measured(ChainEndpointView endpoint, long value) =>
        new(value, new KeyValuePair<string, object?>("endpoint", endpoint.Name));

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Chain endpoint {Endpoint} is unhealthy ({Behind} blocks behind) and is now used last: {Reason}")]
        public static partial void IsOut(ILogger logger, string endpoint, long behind, string reason);

        [LoggerMessage(LogLevel.Information, "Chain endpoint {Endpoint} is healthy again.")]
        public static partial void IsBack(ILogger logger, string endpoint);
    }
}

public static class ChainWatchExtensions
{
    public static IServiceCollection AddChainWatch(this IServiceCollection services, ChainEndpoints endpoints)
    {
        services.AddSingleton(endpoints);
        services.AddSingleton<ChainWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<ChainWatch>());
        services.AddHealthChecks().AddCheck<ChainWatch>("chain", HealthStatus.Degraded, []);
        return services;
    }
}
