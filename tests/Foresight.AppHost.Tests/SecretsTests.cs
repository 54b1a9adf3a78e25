using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Foresight.AppHost.Tests;

[Collection(ServersCollection.Name), Trait("Category", "Parts")]
public sealed class SecretsTests
{
    // Services get secrets in these variables, which the dashboard masks; no other variable may contain one.
    private static readonly string[] SecretVariables =
    [
        "ADMIN_KEY",
        "CLUSTER_SECRET",
        "OPERATOR_KEY",
        "FAUCET_KEY",
        "PGPASSWORD",
        "ConnectionStrings__redis",
        "ConnectionStrings__foresight",
    ];

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ConcurrentQueue<(string Signal, byte[] Body)> _telemetry = new();

    [Fact]
    public async Task NoSecretIsInPropertiesLogsOrTelemetry()
    {
        using var turn = await MachineTurn.TakeAsync();
        await using var collector = await StartCollectorAsync();
        await using var builder = await TestApplication.CreateStackAsync();
        foreach (var project in builder.Resources.OfType<ProjectResource>())
            builder
                .CreateResourceBuilder(project)
                .WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Urls.Single())
                .WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
                .WithEnvironment("OTEL_TRACES_SAMPLER", "parentbased_always_on");
        await using var app = await builder.StartAsync("matching", "api-1", "api-2", "console", "simulator");
        // The watch misses nothing, because it begins with the latest snapshot of every resource.
        var snapshots = new ConcurrentDictionary<string, CustomResourceSnapshot>();
        using var watching = new CancellationTokenSource();
        var watch = WatchAsync(app, snapshots, watching.Token);
        var secrets = new Dictionary<string, string>();
        foreach (var parameter in app.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<ParameterResource>())
            if (parameter.Secret)
                secrets.Add(parameter.Name, (await parameter.GetValueAsync(default))!);
        Assert.Superset(
            new HashSet<string>
            {
                "admin-key",
                "cluster-secret",
                "operator-key",
                "postgres-password",
                "redis-admin-password",
                "redis-matching-password",
                "redis-api-password",
            },
            secrets.Keys.ToHashSet()
        );

        await UseAdminKeyAsync(app, secrets["admin-key"]);
        foreach (var signal in new[] { "traces", "metrics", "logs" })
            await Eventually.TrueAsync($"{signal} are exported", Eventually.Patience, () => _telemetry.Any(sent => sent.Signal == signal));
        await Eventually.TrueAsync(
            "a span of an admin request is exported",
            Eventually.Patience,
            () => _telemetry.Any(sent => sent.Signal == "traces" && Holds(sent.Body, "/admin/offenders"))
        );

        var found = new List<string>();
        var logs = await LogsAsync(app);
        foreach (var (secret, whole) in secrets)
        {
            // A hexadecimal key is as secret without its prefix, so it is searched for without.
            var value = whole.StartsWith("0x", StringComparison.Ordinal) ? whole[2..] : whole;
            foreach (var (resource, snapshot) in snapshots)
            {
                // Arguments are marked as sensitive, but must have no secret either, because every user of the machine can read them.
                found.AddRange(
                    snapshot
                        .Properties.Where(p =>
                            (!p.IsSensitive || p.Name.EndsWith("args", StringComparison.OrdinalIgnoreCase))
                            && JsonSerializer.Serialize(p.Value, Plain).Contains(value)
                        )
                        .Select(p => $"{secret}: property {p.Name} of {resource}")
                );
                found.AddRange(
                    snapshot
                        .EnvironmentVariables.Where(v => !SecretVariables.Contains(v.Name) && v.Value?.Contains(value) == true)
                        .Select(v => $"{secret}: variable {v.Name} of {resource}")
                );
                found.AddRange(
                    snapshot.Urls.Where(url => url.Url.Contains(value)).Select(url => $"{secret}: address {url.Name} of {resource}")
                );
            }

            found.AddRange(logs.Where(line => line.Text.Contains(value)).Select(line => $"{secret}: log of {line.Resource}"));
            found.AddRange(_telemetry.Where(sent => Holds(sent.Body, value)).Select(sent => $"{secret}: {sent.Signal}"));
        }

        await watching.CancelAsync();
        await watch;
        Assert.True(snapshots.Values.Count(snapshot => snapshot.EnvironmentVariables.Length > 0) >= 10, "the watch saw the resources");
        Assert.Empty(found.Distinct());
    }

    /// <summary>The reason of a refusal must not repeat the key, so a wrong one is used too.</summary>
    private static async Task UseAdminKeyAsync(DistributedApplication app, string adminKey)
    {
        using var http = app.CreatePlainClient("api-1");
        foreach (var (key, expected) in new[] { (adminKey, HttpStatusCode.OK), (adminKey + "x", HttpStatusCode.Unauthorized) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/offenders");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var response = await http.SendAsync(request);
            Assert.Equal(expected, response.StatusCode);
        }
    }

    private static async Task WatchAsync(
        DistributedApplication app,
        ConcurrentDictionary<string, CustomResourceSnapshot> snapshots,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await foreach (var change in app.ResourceNotifications.WatchAsync(cancellationToken))
                snapshots[change.ResourceId] = change.Snapshot;
        }
        catch (OperationCanceledException)
        {
            // Expected: the watch ends when the test has seen enough.
        }
    }

    private static async Task<List<(string Resource, string Text)>> LogsAsync(DistributedApplication app)
    {
        var lines = new List<(string, string)>();
        var loggers = app.Services.GetRequiredService<ResourceLoggerService>();
        foreach (var resource in app.Services.GetRequiredService<DistributedApplicationModel>().Resources)
        await foreach (var batch in loggers.GetAllAsync(resource))
            lines.AddRange(batch.Select(line => (resource.Name, line.Content)));
        return lines;
    }

    private static bool Holds(byte[] body, string text) => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    private async Task<WebApplication> StartCollectorAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = builder.Build();
        collector.MapPost(
            "/v1/{signal}",
            async (string signal, HttpContext http) =>
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body);
                _telemetry.Enqueue((signal, body.ToArray()));
            }
        );
        await collector.StartAsync();
        return collector;
    }
}
