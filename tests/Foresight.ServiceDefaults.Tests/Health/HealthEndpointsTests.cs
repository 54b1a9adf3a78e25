using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Tests.Health;

public sealed class HealthEndpointsTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _ended = new();
    private volatile HealthCheckResultOrFault _needed = new(HealthCheckResult.Healthy());
    private volatile HealthCheckResultOrFault _other = new(HealthCheckResult.Healthy());
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    private sealed record HealthCheckResultOrFault(HealthCheckResult Result, Exception? Fault = null, Task? Hangs = null);

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection([new("NODE_ID", "probed")]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder
            .Services.AddHealthChecks()
            .AddAsyncCheck("needed", () => CheckAsync(_needed), ["ready"])
            .AddAsyncCheck("other", () => CheckAsync(_other));
        _app = builder.Build();
        _app.MapDefaultEndpoints();
        await _app.StartAsync();
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async Task DisposeAsync()
    {
        _ended.SetResult();
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Readiness_IsDecidedByTheNeededChecks_AndHealthByAll()
    {
        await ShowsAsync("ready", "healthy");
        await ShowsAsync("health", "healthy");

        _other = new(HealthCheckResult.Unhealthy("the other is gone"));
        await ShowsAsync("health", "unhealthy");
        Assert.Equal("healthy", (await AskAsync("ready")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync("health")).Code);

        _needed = new(HealthCheckResult.Degraded());
        await ShowsAsync("ready", "degraded");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("ready")).Code);
    }

    [Fact]
    public async Task ACheckThatThrows_ShowsTheKindOfItsError_AndNotItsText()
    {
        _needed = new(default, new InvalidOperationException("host-of-ours is away"));
        await ShowsAsync("ready", "unhealthy");
        var body = (await AskAsync("ready")).Body;
        Assert.Contains(nameof(InvalidOperationException), body);
        Assert.DoesNotContain("host-of-ours", body);
        Assert.Contains("\"node\":\"probed\"", body);
    }

    /// <summary>The liveness probe depends on nothing, and the others answer from the last known results.</summary>
    [Fact]
    public async Task ACheckThatHangs_HoldsUpNoProbe_AndCountsAsFailed()
    {
        await ShowsAsync("ready", "healthy");
        _needed = new(HealthCheckResult.Healthy(), Hangs: _ended.Task);
        await ShowsAsync("ready", "unhealthy");
        Assert.Contains("no answer in time", (await AskAsync("ready")).Body);
        Assert.Equal("alive", await _http.GetStringAsync("alive"));
    }

    private static async Task<HealthCheckResult> CheckAsync(HealthCheckResultOrFault check)
    {
        if (check.Hangs is { } hangs)
            await hangs;
        return check.Fault is { } fault ? throw fault : check.Result;
    }

    private Task ShowsAsync(string probe, string status) =>
        Eventually.TrueAsync($"/{probe} shows {status}", Eventually.Patience, async () => (await AskAsync(probe)).Status == status);

    private async Task<(HttpStatusCode Code, string Status, string Body)> AskAsync(string probe)
    {
        using var answer = await _http.GetAsync(probe);
        var body = await answer.Content.ReadAsStringAsync();
        using var document = JsonDocument.Parse(body);
        return (answer.StatusCode, document.RootElement.GetProperty("status").GetString()!, body);
    }
}
