using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Foresight.Chain.Tests.Leaving;

/// <summary>Passes requests on to a chain, and refuses events of more blocks than a bound, as public nodes do.</summary>
internal sealed class BoundedNode : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly ConcurrentQueue<(long First, long Last)> _ranges = new();
    private readonly Uri _chain;
    private readonly int _mostBlocks;
    private readonly Task _serving;
    private int _refused;

    public BoundedNode(Uri chain, int mostBlocks)
    {
        (_chain, _mostBlocks) = (chain, mostBlocks);
        using (var port = new TcpListener(IPAddress.Loopback, 0))
        {
            port.Start();
            Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)port.LocalEndpoint).Port}/");
        }

        _listener.Prefixes.Add(Endpoint.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Endpoint { get; }

    /// <summary>Of all questions for events, in their order.</summary>
    public IReadOnlyCollection<(long First, long Last)> Ranges => _ranges;

    public int Refused => _refused;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _http.Dispose();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var reader = new StreamReader(context.Request.InputStream);
        var text = await reader.ReadToEndAsync();
        var body = JsonNode.Parse(text)!;
        var calls = body is JsonArray batch ? [.. batch.Select(call => call!)] : new List<JsonNode> { body };
        var answers = new List<string>();
        foreach (var call in calls)
            answers.Add(IsTooMuch(call) ? Refusal(call) : await PassOnAsync(call.ToJsonString()));
        var answer = Encoding.UTF8.GetBytes(body is JsonArray ? $"[{string.Join(',', answers)}]" : answers[0]);
        context.Response.ContentType = "application/json";
        await context.Response.OutputStream.WriteAsync(answer);
        context.Response.Close();
    }

    private bool IsTooMuch(JsonNode call)
    {
        if (call["method"]!.GetValue<string>() != "eth_getLogs")
            return false;
        var filter = call["params"]![0]!;
        var range = (First: NumberOf(filter["fromBlock"]), Last: NumberOf(filter["toBlock"]));
        _ranges.Enqueue(range);
        if (range.Last - range.First < _mostBlocks)
            return false;
        Interlocked.Increment(ref _refused);
        return true;
    }

    private static string Refusal(JsonNode call) =>
        new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["id"] = call["id"]!.DeepClone(),
            ["error"] = new JsonObject { ["code"] = -32005, ["message"] = "query exceeds the range of blocks" },
        }.ToJsonString();

    private static long NumberOf(JsonNode? quantity) => (long)Hex.DecodeQuantity(quantity!.GetValue<string>());

    private async Task<string> PassOnAsync(string body)
    {
        using var answer = await _http.PostAsync(_chain, new StringContent(body, Encoding.UTF8, "application/json"));
        return await answer.Content.ReadAsStringAsync();
    }
}
