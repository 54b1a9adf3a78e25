using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Foresight.ServiceDefaults.Tests.Telemetry;

/// <summary>Read from the wire, because the protocol's bytes contain the texts literally.</summary>
[Trait("Category", "Parts")]
public sealed class ExportTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, StringBuilder> _received = new();
    private WebApplication _collector = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _collector = builder.Build();
        _collector.MapPost(
            "/v1/{signal}",
            async (string signal, HttpRequest request) =>
            {
                using var body = new MemoryStream();
                await request.Body.CopyToAsync(body);
                var text = _received.GetOrAdd(signal, _ => new StringBuilder());
                lock (text)
                    text.Append(Encoding.Latin1.GetString(body.ToArray()));
            }
        );
        await _collector.StartAsync();
    }

    public async Task DisposeAsync() => await _collector.DisposeAsync();

    /// <summary>
    /// A stopping service waits for its last exports; the SDK's default of 10 s for each would outlast an orchestrator's patience.
    /// </summary>
    [Theory]
    [InlineData(null, 2000)]
    [InlineData("700", 700)]
    public void AnExport_TakesTwoSecondsAtMost_UnlessTheOperatorSaysOtherwise(string? given, int expected)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection([
            new("NODE_ID", "node-of-this-test"),
            new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            new("OTEL_EXPORTER_OTLP_TIMEOUT", given),
        ]);
        builder.AddServiceDefaults();
        using var app = builder.Build();
        Assert.Equal(expected, app.Services.GetRequiredService<IOptions<OtlpExporterOptions>>().Value.TimeoutMilliseconds);
    }

    /// <summary>
    /// The endpoint counts requests too, which shows that one that may change something is sent once, whatever the answer.
    /// </summary>
    [Fact]
    public async Task LogsMetricsAndTraces_CarryTheNode_AndNeitherProbesNorTheKeyOfAnEndpoint()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection([
            new("NODE_ID", "node-of-this-test"),
            new("OTEL_SERVICE_NAME", "service-of-this-test"),
            new("OTEL_EXPORTER_OTLP_ENDPOINT", _collector.Urls.Single()),
            new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        using var source = new ActivitySource("Foresight.Test");
        using var endpoint = new TcpListener(IPAddress.Loopback, 0);
        endpoint.Start();
        var requests = 0;
        var serving = ServeAsync();
        await using var app = builder.Build();
        app.MapDefaultEndpoints();
        app.MapGet(
            "/orders",
            async (IHttpClientFactory clients, ILogger<ExportTests> logger) =>
            {
                using var work = source.StartActivity("work-of-this-test");
                logger.LogWarning("A line of {Whom}", "this-test");
                using var client = clients.CreateClient();
                using var answer = await client.PostAsync($"http://{endpoint.LocalEndpoint}/rpc/key-of-an-endpoint", content: null);
                return (int)answer.StatusCode;
            }
        );
        app.MapGet("/accounts/{address}", (string address) => address.Length);
        await app.StartAsync();
        app.Services.GetRequiredService<IMeterFactory>().Create(MetricNames.Meter).CreateCounter<long>("test_export_total").Add(1);

        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        string[] paths = ["alive", "health", "ready", "metrics", "accounts/0xaccount-of-this-test", "nowhere/0xaccount-of-this-test"];
        foreach (var path in paths)
            (await http.GetAsync(path)).Dispose();
        var made = 0;
        // Requested again, because the span of a request ends a moment after its answer, and a batch whose export takes too long is lost.
        await Eventually.TrueAsync(
            "the request's span comes",
            Eventually.Patience,
            async () =>
            {
                (await http.GetAsync("orders")).Dispose();
                made++;
                return app.Services.GetRequiredService<TracerProvider>().ForceFlush()
                    && _received.ContainsKey("traces")
                    && Received("traces").Contains("GET /orders");
            }
        );
        // False, because the metrics behind /metrics are not pushed; the other reader's part is checked below.
        app.Services.GetRequiredService<MeterProvider>().ForceFlush();
        // Polled, because a flush does not wait for an export that has begun before it.
        await Eventually.TrueAsync(
            "the request's log comes",
            Eventually.Patience,
            () =>
                app.Services.GetRequiredService<LoggerProvider>().ForceFlush()
                && _received.ContainsKey("logs")
                && Received("logs").Contains("A line of")
        );

        foreach (var signal in new[] { "traces", "metrics", "logs" })
        {
            Assert.Contains("node-of-this-test", Received(signal));
            Assert.Contains("service-of-this-test", Received(signal));
            Assert.DoesNotContain("key-of-an-endpoint", Received(signal));
            Assert.DoesNotContain("0xaccount-of-this-test", Received(signal));
        }

        Assert.Contains("A line of this-test", Received("logs"));
        Assert.Contains("test_export_total", Received("metrics"));
        var traces = Received("traces");
        string[] all = ["work-of-this-test", "GET /orders", "/accounts/{address}", "System.Net.Http"];
        foreach (var shown in all)
            Assert.Contains(shown, traces);
        foreach (var hidden in new[] { "/alive", "/ready", "/metrics" })
            Assert.DoesNotContain(hidden, traces);
        endpoint.Stop();
        await serving;
        Assert.Equal(made, requests);

        // Without the framework, because its own spans would be in this process too.
        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await endpoint.AcceptTcpClientAsync();
                    requests++;
                    using var reader = new StreamReader(connection.GetStream());
                    while (await reader.ReadLineAsync() is { Length: > 0 }) { }
                    await connection
                        .GetStream()
                        .WriteAsync("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Expected: the test has stopped the listener.
            }
        }
    }

    private string Received(string signal)
    {
        Assert.True(_received.TryGetValue(signal, out var text), $"No {signal} came.");
        lock (text)
            return text.ToString();
    }
}
