using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Chain.Rpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Foresight.Testing;

public delegate JsonNode? NodeFault(JsonObject request, JsonNode answer);

public sealed class FaultyNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    // One request at a time, so that a test's fault may count them.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Uri _node;
    private readonly NodeFault _fault;

    private FaultyNode(Uri node, NodeFault fault)
    {
        (_node, _fault) = (node, fault);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/", ServeAsync);
    }

    public Uri Endpoint => new(_app.Urls.First());

    public NodeClient Transport => new HttpNodeClient(_http, Endpoint, TimeSpan.FromSeconds(10));

    public static async Task<FaultyNode> StartAsync(Uri node, NodeFault fault)
    {
        var faulty = new FaultyNode(node, fault);
        await faulty._app.StartAsync();
        return faulty;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
        _turn.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        await _turn.WaitAsync(context.RequestAborted);
        try
        {
            if (await AnswerAsync(context.Request.Body) is not { } answer)
            {
                context.Abort();
                return;
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<byte[]?> AnswerAsync(Stream request)
    {
        var body = (await JsonNode.ParseAsync(request))!;
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(_node, content);
        var answer = (await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync()))!;
        if (body is JsonObject one)
            return _fault(one, answer) is { } single ? JsonSerializer.SerializeToUtf8Bytes(single) : null;

        var answers = answer.AsArray().ToDictionary(a => a!["id"]!.ToJsonString(), a => a!.DeepClone());
        var told = new JsonArray();
        foreach (var part in body.AsArray())
        {
            if (_fault(part!.AsObject(), answers[part["id"]!.ToJsonString()]) is not { } item)
                return null;
            told.Add(item.DeepClone());
        }

        return JsonSerializer.SerializeToUtf8Bytes(told);
    }
}
