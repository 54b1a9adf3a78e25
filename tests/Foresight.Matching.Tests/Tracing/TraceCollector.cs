using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Foresight.Matching.Tests.Tracing;

internal sealed record CollectedSpan(
    string Source,
    string Name,
    string TraceId,
    string SpanId,
    string ParentId,
    IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Links,
    ulong Start,
    ulong End
)
{
    public override string ToString() => $"{Source} '{Name}' {TraceId}/{SpanId} below {ParentId}";
}

internal sealed class TraceCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<byte[]> _received = new();
    private readonly ConcurrentQueue<CollectedSpan> _spans = new();

    private TraceCollector(WebApplication app) => _app = app;

    public IReadOnlyCollection<CollectedSpan> Spans => _spans;

    public (string Name, string Value)[] Settings =>
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", _app.Urls.Single()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_on"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
        ];

    public static async Task<TraceCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var collector = new TraceCollector(app);
        app.MapPost(
            "/v1/{signal}",
            async (string signal, HttpContext http) =>
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body);
                collector.Keep(signal, body.ToArray());
            }
        );
        await app.StartAsync();
        return collector;
    }

    public bool Contains(string text) => _received.Any(body => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private void Keep(string signal, byte[] body)
    {
        _received.Enqueue(body);
        if (signal != "traces")
            return;
        // The field numbers are those of opentelemetry/proto/trace/v1/trace.proto.
        foreach (var scope in Protobuf.Read(body).Where(f => f.Tag == 1).SelectMany(resource => resource.Fields.Where(f => f.Tag == 2)))
        {
            var source = scope.Fields.First(f => f.Tag == 1).Fields.First(f => f.Tag == 1).Text;
            foreach (var span in scope.Fields.Where(f => f.Tag == 2))
                _spans.Enqueue(Read(source, [.. span.Fields]));
        }
    }

    private static CollectedSpan Read(string source, List<ProtobufField> span)
    {
        var attributes = new Dictionary<string, string>();
        foreach (var pair in span.Where(f => f.Tag == 9).Select(f => f.Fields.ToList()))
        {
            var value = pair.First(f => f.Tag == 2).Fields.FirstOrDefault();
            attributes[pair.First(f => f.Tag == 1).Text] = value.Bytes.Length > 0 ? value.Text : value.Number.ToString();
        }

        ProtobufField Of(int tag) => span.FirstOrDefault(f => f.Tag == tag);
        return new CollectedSpan(
            source,
            Of(5).Text,
            Of(1).Hex,
            Of(2).Hex,
            Of(4).Hex,
            attributes,
            [.. span.Where(f => f.Tag == 13).Select(link => link.Fields.First(f => f.Tag == 2).Hex)],
            Of(7).Number,
            Of(8).Number
        );
    }
}
