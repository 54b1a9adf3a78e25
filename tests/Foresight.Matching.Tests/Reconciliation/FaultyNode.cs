using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>What a node between us and the chain does wrong. Returning null breaks the connection off; else what is answered.</summary>
public delegate JsonNode? NodeFault(JsonObject request, JsonNode answer);

/// <summary>A JSON-RPC server over HTTP that asks the real node and then lies, refuses, or hangs up, as a test tells it.</summary>
public sealed class FaultyNode : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri node;
    private readonly NodeFault fault;
    private readonly Task serving;

    public FaultyNode(Uri node, NodeFault fault)
    {
        (this.node, this.fault) = (node, fault);
        for (var tries = 0; ; tries++)
        {
            Endpoint = new Uri($"http://127.0.0.1:{Random.Shared.Next(20_000, 60_000)}/");
            listener.Prefixes.Clear();
            listener.Prefixes.Add(Endpoint.ToString());
            try
            {
                listener.Start();
                break;
            }
            catch (HttpListenerException) when (tries < 20)
            {
                // Somebody has that port.
            }
        }

        serving = ServeAsync();
    }

    public Uri Endpoint { get; }

    public IRpcTransport Transport => new HttpRpcTransport(http, Endpoint, TimeSpan.FromSeconds(10));

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
        listener.Close();
        http.Dispose();
    }

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            if (await AnswerAsync(context.Request) is not { } answer)
            {
                context.Response.Abort();
                continue;
            }

            context.Response.ContentType = "application/json";
            context.Response.ContentLength64 = answer.Length;
            await context.Response.OutputStream.WriteAsync(answer);
            context.Response.Close();
        }
    }

    private async Task<byte[]?> AnswerAsync(HttpListenerRequest request)
    {
        var body = (await JsonNode.ParseAsync(request.InputStream))!;
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(node, content);
        var answer = (await JsonNode.ParseAsync(await response.Content.ReadAsStreamAsync()))!;
        if (body is JsonObject one) return fault(one, answer) is { } single ? JsonSerializer.SerializeToUtf8Bytes(single) : null;

        var answers = answer.AsArray().ToDictionary(a => a!["id"]!.ToJsonString(), a => a!.DeepClone());
        var told = new JsonArray();
        foreach (var part in body.AsArray())
        {
            if (fault(part!.AsObject(), answers[part["id"]!.ToJsonString()]) is not { } item) return null;
            told.Add(item.DeepClone());
        }

        return JsonSerializer.SerializeToUtf8Bytes(told);
    }
}
