using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Foresight.Api.Tests.Stack;

namespace Foresight.Api.Tests.MarketData;

/// <summary>A client over a bare WebSocket that speaks the hub's JSON protocol.</summary>
internal sealed class HubClientOfTest : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket socket = new();
    private readonly Channel<JsonElement> events = Channel.CreateUnbounded<JsonElement>();
    private readonly Channel<JsonElement> completions = Channel.CreateUnbounded<JsonElement>();
    private readonly CancellationTokenSource stop = new();
    private Task receiving = Task.CompletedTask;
    private int calls;

    public static async Task<HubClientOfTest> OpenAsync(ApiStack stack)
    {
        var client = new HubClientOfTest();
        await client.socket.ConnectAsync(new UriBuilder(
            new Uri(stack.Http.BaseAddress!, "hubs/market")) { Scheme = "ws" }.Uri, CancellationToken.None);
        await client.SendAsync(new { protocol = "json", version = 1 });
        client.receiving = client.ReceiveAsync();
        return client;
    }

    /// <summary>Null if it succeeded, else what the hub said.</summary>
    public async Task<string?> InvokeAsync(string target, params object[] arguments)
    {
        await SendAsync(new { type = 1, invocationId = (++calls).ToString(), target, arguments });
        var completion = await completions.Reader.ReadAsync().AsTask().WaitAsync(Soon);
        return completion.TryGetProperty("error", out var error) ? error.GetString() : null;
    }

    /// <summary>The next event of this name; others before it are passed over.</summary>
    public async Task<JsonElement> NextAsync(string target, Func<JsonElement, bool>? that = null)
    {
        while (true)
        {
            var message = await events.Reader.ReadAsync().AsTask().WaitAsync(Soon);
            if (message.GetProperty("target").GetString() != target) continue;
            var body = message.GetProperty("arguments")[0];
            if (that is null || that(body)) return body;
        }
    }

    /// <summary>The next event but heartbeats, with its name.</summary>
    public async Task<JsonElement> NextAnyAsync()
    {
        while (true)
        {
            var message = await events.Reader.ReadAsync().AsTask().WaitAsync(Soon);
            if (message.GetProperty("target").GetString() != "heartbeat") return message;
        }
    }

    /// <summary>Everything that came until a heartbeat that was sent after now: two of them.</summary>
    public async Task<IReadOnlyList<JsonElement>> UntilHeartbeatsAsync()
    {
        var seen = new List<JsonElement>();
        for (var heartbeats = 0; heartbeats < 2;)
        {
            var message = await events.Reader.ReadAsync().AsTask().WaitAsync(Soon);
            if (message.GetProperty("target").GetString() == "heartbeat") heartbeats++;
            else seen.Add(message);
        }

        return seen;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await receiving;
        socket.Dispose();
        stop.Dispose();
    }

    private Task SendAsync(object message) => socket.SendAsync(
        Encoding.UTF8.GetBytes(JsonSerializer.Serialize(message, JsonSerializerOptions.Web) + "\u001e"), WebSocketMessageType.Text,
        endOfMessage: true, stop.Token);

    private async Task ReceiveAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[64 * 1024];
        var decoder = Encoding.UTF8.GetDecoder();
        var chars = new char[buffer.Length];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), stop.Token);
                if (received.MessageType == WebSocketMessageType.Close) break;
                text.Append(chars, 0, decoder.GetChars(buffer, 0, received.Count, chars, 0));
                var whole = text.ToString();
                var end = whole.LastIndexOf('\u001e');
                if (end < 0) continue;
                text.Clear().Append(whole, end + 1, whole.Length - end - 1);
                foreach (var message in whole[..end].Split('\u001e')) Take(JsonDocument.Parse(message).RootElement);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or WebSocketException)
        {
            events.Writer.TryComplete(error is WebSocketException ? error : null);
        }

        events.Writer.TryComplete();
    }

    private void Take(JsonElement message)
    {
        if (!message.TryGetProperty("type", out var type)) return;
        if (type.GetInt32() == 1) events.Writer.TryWrite(message);
        if (type.GetInt32() == 3) completions.Writer.TryWrite(message);
    }
}
