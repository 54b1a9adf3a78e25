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
    /// Of one export. The last one of each of the three signals is waited for when a service stops, one after the other: with the SDK's
    /// 10 s, a collector that is away would keep a service for half a minute, longer than orchestrators wait.
    /// </summary>
    private static readonly TimeSpan ExportTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Whether telemetry is sent anywhere: without that, no span is made.</summary>
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
        // One line for each request or statement would drown the decisions; their counts and times are in the metrics.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        // It logs each failed try as an error with its stack; the callers report an outage.
        builder.Logging.AddFilter("Polly", LogLevel.None);

        var telemetry = builder
            .Services.AddOpenTelemetry()
            // What the environment gives comes last: Aspire's dashboard knows a process by the service.instance.id that it gave it.
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
                        // Our names carry their units and suffixes; a gauge may end in _total as well.
                        prometheus.TranslationStrategy = PrometheusAspNetCoreTranslationStrategy.UnderscoreEscapingWithoutSuffixes;
                        prometheus.ScopeInfoEnabled = false;
                        // It has labels with ids.
                        prometheus.TargetInfoEnabled = false;
                    })
            );
        if (!builder.Configuration.ExportsTelemetry())
            return;
        if (builder.Configuration[ExportTimeoutKey] is null)
            builder.Configuration.AddInMemoryCollection([new(ExportTimeoutKey, ((int)ExportTimeout.TotalMilliseconds).ToString())]);
        // Endpoint, protocol, headers and sampler come from the OTEL_ variables, which the SDK reads itself.
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
        // In the text format always: in OpenMetrics each counter would have a second series, of when it was made.
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
