using System.Diagnostics;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Api.Tests.Telemetry;

/// <summary>Any caller can set the flag, so the node's sampler decides about tracing.</summary>
[Trait("Category", "Parts")]
public sealed class CallerTracesTests
{
    private const string CallersTrace = "0af7651916cd43dd8448eb211c80319c";

    private sealed record Seen(bool Recorded, string Trace, string Parent, string[] Links);

    [Theory]
    [InlineData("01", "0", false)]
    [InlineData("00", "1", true)]
    [InlineData("01", "1", true)]
    public async Task ACallersFlag_DoesNotCount_AndARequestThatIsTracedIsLinkedToIt(string flag, string ratio, bool isTraced)
    {
        var seen = await AskAsync(flag, ratio, isTrusted: false);
        Assert.Equal(isTraced, seen.Recorded);
        Assert.NotEqual(CallersTrace, seen.Trace);
        Assert.Equal(default(ActivitySpanId).ToHexString(), seen.Parent);
        Assert.Equal(isTraced ? [CallersTrace] : [], seen.Links);
    }

    [Theory]
    [InlineData("01", "0", true)]
    [InlineData("00", "1", false)]
    public async Task ATrustedCaller_Decides_AndItsTraceGoesOn(string flag, string ratio, bool isTraced)
    {
        var seen = await AskAsync(flag, ratio, isTrusted: true);
        Assert.Equal((isTraced, CallersTrace), (seen.Recorded, seen.Trace));
        Assert.Empty(seen.Links);
    }

    private static async Task<Seen> AskAsync(string flag, string ratio, bool isTrusted)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection([
            new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"),
            new("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            new("OTEL_TRACES_SAMPLER_ARG", ratio),
            new(CallerTraces.Setting, isTrusted.ToString()),
        ]);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.AddCallerTraces();
        await using var app = builder.Build();
        app.MapGet(
            "/",
            () =>
                Activity.Current is { } span
                    ? Results.Json(
                        new Seen(
                            span.Recorded,
                            span.TraceId.ToString(),
                            span.ParentSpanId.ToHexString(),
                            [.. span.Links.Select(link => link.Context.TraceId.ToString())]
                        )
                    )
                    : Results.NotFound()
        );
        await app.StartAsync();
        // The client must not send a trace context of its own.
        using var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null, UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, app.Urls.Single());
        request.Headers.Add("traceparent", $"00-{CallersTrace}-b7ad6b7169203331-{flag}");
        using var answer = (await http.SendAsync(request)).EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<Seen>())!;
    }
}
