using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Api.Access;
using Foresight.Api.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Foresight.Api.Tests.Access;

public sealed class AccessPipelineTests
{
    private const string Key = "an-admin-key-of-this-test";

    [Fact]
    public async Task OverTheLimit_ACallerIsToldWhenToComeBack_AndProbesGoOn()
    {
        await using var app = await StartAsync("RATE_LIMIT_PER_MINUTE=3");
        using var http = Client(app);
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("open")).StatusCode);

        using var refused = await http.GetAsync("open");
        var body = await refused.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(
            (429, "rate_limited", true),
            ((int)refused.StatusCode, body.GetProperty("code").GetString(), body.GetProperty("retryable").GetBoolean())
        );
        Assert.Contains("3 requests a minute", body.GetProperty("detail").GetString());
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);

        foreach (var probe in new[] { "alive", "ready", "health", "metrics" })
            Assert.Equal((probe, HttpStatusCode.OK), (probe, (await http.GetAsync(probe)).StatusCode));
    }

    [Fact]
    public async Task ALimitOfZero_IsNone()
    {
        await using var app = await StartAsync("RATE_LIMIT_PER_MINUTE=0");
        using var http = Client(app);
        for (var i = 0; i < 50; i++)
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("open")).StatusCode);
    }

    [Theory]
    [InlineData("open", 200)]
    [InlineData("closed", 401)]
    [InlineData("nowhere", 404)]
    [InlineData("fails", 500)]
    public async Task EveryAnswer_HasTheHeadersThatKeepABrowserFromTrustingIt(string path, int status)
    {
        await using var app = await StartAsync();
        using var http = Client(app);
        using var answer = await http.GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.False(answer.Headers.Contains("Server"));
    }

    /// <summary>A caller without a key could otherwise make the node read and parse any body.</summary>
    [Fact]
    public async Task TheGate_RefusesBeforeTheBodyIsRead()
    {
        await using var app = await StartAsync();
        using var http = Client(app);
        using var stranger = await http.PostAsync("closed", NoJson());
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.Equal("Bearer", stranger.Headers.WwwAuthenticate.Single().Scheme);

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using var malformed = await http.PostAsync("closed", NoJson());
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
        using var taken = await http.PostAsJsonAsync("closed", new TriggerRequest());
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);

        static StringContent NoJson() => new("{ no json", new MediaTypeHeaderValue("application/json"));
    }

    /// <summary>A label that a caller can choose would let it choose the number of series.</summary>
    [Fact]
    public async Task Durations_AreLabelledByRoute_NotByWhatTheCallerWrote()
    {
        var seen = new ConcurrentQueue<string>();
        await using var app = await StartAsync();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Name == MetricNames.ApiRequestDuration)
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>(
            (_, seconds, labels, _) =>
            {
                var by = labels.ToArray().ToDictionary(label => label.Key, label => label.Value);
                seen.Enqueue($"{by["method"]} {by["route"]} {by["status"]} {seconds >= 0}");
            }
        );
        listener.Start();
        using var http = Client(app);
        await http.GetAsync("items/17?x=1");
        await http.GetAsync("items/18");
        await http.GetAsync($"nowhere/{Guid.NewGuid()}");
        await http.SendAsync(new HttpRequestMessage(new HttpMethod("BREW"), "open"));
        // Polled, because the duration is recorded after the answer was sent.
        await Eventually.TrueAsync("all are recorded", Eventually.Patience, () => seen.Count >= 4);
        Assert.Equal(
            ["GET /items/{id:int} 200 True", "GET /items/{id:int} 200 True", "GET none 404 True", "other none 405 True"],
            seen.Order(StringComparer.Ordinal)
        );
    }

    private static HttpClient Client(WebApplication app) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(app.Urls.Single() + "/") };

    private static async Task<WebApplication> StartAsync(params string[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddConfiguration(Configured.By([$"ADMIN_KEY={Key}", .. settings]));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddProblems();
        builder.Services.AddSingleton<IRequestCounter>(new CounterOfTest());
        builder.AddAccess();
        var app = builder.Build();
        app.UseAccess();
        app.UseProblems();
        app.UseRouting();
        app.UseRateLimiter();
        app.UseAdminGate();
        app.MapGet("/open", () => "open");
        app.MapGet("/fails", string () => throw new InvalidOperationException("A defect."));
        app.MapGet("/items/{id:int}", (int id) => id);
        foreach (var probe in new[] { "/alive", "/ready", "/health", "/metrics" })
            app.MapGet(probe, () => "well");
        var closed = app.MapGroup("").RequireAdminKey();
        closed.MapGet("/closed", () => "closed");
        closed.MapPost("/closed", (TriggerRequest request) => Results.Ok(request));
        await app.StartAsync();
        return app;
    }
}
