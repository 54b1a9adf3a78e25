using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Foresight.Testing;

public sealed record ProxiedCall(string Node, string Method, JsonNode? Parameters, JsonNode? Result);

/// <summary>
/// A test can act at an exact point of a node's work. Each node has its own address, so that the test knows whose call it is.
/// </summary>
public sealed class RpcProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri _chain;

    private RpcProxy(Uri chain)
    {
        _chain = chain;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapPost("/{node}", ServeAsync);
    }

    /// <summary>Called for each request before the chain has it (without a result) and after it; true closes the connection.</summary>
    public Func<ProxiedCall, bool>? Cut { get; set; }

    public static async Task<RpcProxy> StartAsync(Uri chain)
    {
        var proxy = new RpcProxy(chain);
        await proxy._app.StartAsync();
        return proxy;
    }

    public string AddressFor(string node) => $"{_app.Urls.First()}/{node}";

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task ServeAsync(string node, HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var calls = Calls(JsonNode.Parse(body));
        if (Asked(calls.Select(c => new ProxiedCall(node, c["method"]!.GetValue<string>(), c["params"], null))))
        {
            context.Abort();
            return;
        }

        using var answer = await _http.PostAsync(_chain, new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        var results = Calls(JsonNode.Parse(text)).ToDictionary(r => r["id"]!.ToJsonString(), r => r["result"]);
        if (
            Asked(
                calls.Select(c => new ProxiedCall(
                    node,
                    c["method"]!.GetValue<string>(),
                    c["params"],
                    results.GetValueOrDefault(c["id"]!.ToJsonString()) ?? Nothing
                ))
            )
        )
        {
            context.Abort();
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(text);
    }

    /// <summary>Null means that there is no answer yet, so an answer without a result needs another value.</summary>
    private static JsonNode Nothing => JsonValue.Create("");

    private bool Asked(IEnumerable<ProxiedCall> calls) => Cut is { } cut && calls.Any(cut);

    private static List<JsonNode> Calls(JsonNode? body) => body is JsonArray batch ? [.. batch.OfType<JsonNode>()] : [body!];
}
