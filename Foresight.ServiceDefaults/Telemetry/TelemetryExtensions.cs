using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Foresight.ServiceDefaults.Telemetry;

public static class TelemetryExtensions
{
    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
        // One line for each request or statement would drown the decisions; their counts and times are in the metrics.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<PrometheusExporter>();
        // Listens from the start, so that no count is lost before the first scrape.
        builder.Services.AddSingleton<IHostedService>(provider => new MakeAtStart(provider.GetRequiredService<PrometheusExporter>()));
        if (builder.Configuration.OptionalUrl("OTEL_EXPORTER_OTLP_ENDPOINT") is not null) builder.AddOtlp();
    }

    internal static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/metrics", (PrometheusExporter exporter) => TypedResults.Text(exporter.Scrape(), PrometheusText.ContentType))
            .ExcludeFromDescription().AllowAnonymous();

    /// <summary>Endpoint, protocol and headers come from the OTEL_ variables, which the SDK reads itself.</summary>
    private static void AddOtlp(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(provider =>
        {
            var node = provider.GetRequiredService<NodeIdentity>();
            return OpenTelemetrySdk.Create(sdk => sdk
                .ConfigureResource(resource => resource.AddService(node.Service, serviceVersion: node.Version, serviceInstanceId: node.Id))
                .WithTracing(tracing => tracing
                    .AddSource("Foresight.*", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql")
                    .AddOtlpExporter())
                .WithMetrics(metrics => metrics
                    .AddMeter("Foresight", "Npgsql", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
                        "System.Net.Http", "System.Runtime")
                    .AddOtlpExporter())
                .WithLogging(logging => logging.AddOtlpExporter(), options => options.IncludeScopes = true));
        });
        builder.Services.AddSingleton<ILoggerProvider, OtlpLoggerProvider>();
        builder.Services.AddSingleton<IHostedService>(provider => new MakeAtStart(provider.GetRequiredService<OpenTelemetrySdk>()));
    }

    /// <summary>Its existence makes the host create the thing before it serves.</summary>
    private sealed class MakeAtStart(IDisposable made) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellation) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellation)
        {
            GC.KeepAlive(made);
            return Task.CompletedTask;
        }
    }

    /// <summary>Forwards the host's log to the SDK, which has a logger factory of its own.</summary>
    private sealed class OtlpLoggerProvider(IServiceProvider services) : ILoggerProvider
    {
        // Resolved late: the SDK itself needs no logger of the host, but is made from the host's services.
        private readonly Lazy<ILoggerFactory> factory = new(() => services.GetRequiredService<OpenTelemetrySdk>().GetLoggerFactory());

        public ILogger CreateLogger(string categoryName) => factory.Value.CreateLogger(categoryName);

        public void Dispose()
        {
            // The SDK is a singleton of the host, which disposes of it.
        }
    }
}
