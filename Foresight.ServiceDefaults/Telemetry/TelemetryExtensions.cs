using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Foresight.ServiceDefaults.Telemetry;

public static class TelemetryExtensions
{
    private static readonly string[] Probes = ["/alive", "/ready", "/health", "/metrics"];

    private const string ExportTimeoutKey = "OTEL_EXPORTER_OTLP_TIMEOUT";

    /// <summary>
    /// A stopping service waits for the last export of each of three signals in turn: with the SDK's 10 s, an unreachable collector would
    /// delay the stop by half a minute, longer than orchestrators wait.
    /// </summary>
    private static readonly TimeSpan ExportTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Where telemetry is exported nowhere no span is created, which saves their cost.</summary>
    internal static bool ExportsTelemetry(this IConfiguration configuration) =>
        configuration.OptionalUrl("OTEL_EXPORTER_OTLP_ENDPOINT") is not null;

    internal static void AddTelemetry(this IHostApplicationBuilder builder, NodeIdentity node)
    {
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
        // A line per request or statement would bury the decisions; metrics have the counts and durations.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        // Polly logs each failed attempt as an error with its stack, although the callers report an outage once.
        builder.Logging.AddFilter("Polly", LogLevel.None);

        var telemetry = builder
            .Services.AddOpenTelemetry()
            // Attributes from the environment come last, because Aspire's dashboard identifies a process by the service.instance.id
            // that it assigned.
            .ConfigureResource(resource =>
                resource.AddService(node.Service, serviceVersion: node.Version, serviceInstanceId: node.Id).AddEnvironmentVariableDetector()
            )
            .WithMetrics(metrics =>
                metrics
                    .AddMeter(MetricViews.Meters)
                    .AddRuntimeInstrumentation()
                    .AddView(MetricViews.Of)
                    .AddPrometheusExporter(prometheus =>
                    {
                        // Nothing is to be appended: names here already include units and suffixes, and a gauge may also end in _total.
                        prometheus.TranslationStrategy = PrometheusAspNetCoreTranslationStrategy.UnderscoreEscapingWithoutSuffixes;
                        prometheus.ScopeInfoEnabled = false;
                        // Its labels contain ids, which no label may here.
                        prometheus.TargetInfoEnabled = false;
                    })
            );
        if (!builder.Configuration.ExportsTelemetry())
            return;
        if (builder.Configuration[ExportTimeoutKey] is null)
            builder.Configuration.AddInMemoryCollection([new(ExportTimeoutKey, ((int)ExportTimeout.TotalMilliseconds).ToString())]);
        // Nothing else is set, because the SDK itself reads endpoint, protocol, headers and sampler from the OTEL_ variables.
        telemetry
            .WithLogging(configureBuilder: null, logging => (logging.IncludeFormattedMessage, logging.IncludeScopes) = (true, true))
            .WithTracing(tracing =>
                tracing
                    .AddSource("Foresight.*")
                    .AddAspNetCoreInstrumentation(web => web.Filter = http => !Probes.Contains(http.Request.Path.Value))
                    .AddHttpClientInstrumentation()
                    .AddProcessor(new UrlPathFilter())
            )
            .UseOtlpExporter();
    }

    internal static void MapMetrics(this IEndpointRouteBuilder routes) =>
        // Always the text format: in OpenMetrics each counter would have a second series with its creation time.
        routes
            .MapPrometheusScrapingEndpoint(
                "/metrics",
                meterProvider: null,
                optionsName: null,
                configureBranchedPipeline: branch =>
                    branch.Use(
                        (http, next) =>
                        {
                            http.Request.Headers.Accept = "text/plain";
                            return next(http);
                        }
                    )
            )
            .AllowAnonymous();
}
