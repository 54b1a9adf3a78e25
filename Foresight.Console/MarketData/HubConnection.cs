using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text.Json;

namespace Foresight.Console.MarketData;

/// <summary>The hub said no, or hung up, or fell silent.</summary>
public sealed class HubException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A call that the hub refused.</summary>
/// <param name="CallId">As given to <see cref="HubConnection.InvokeAsync"/>.</param>
public sealed record HubRefusal(string CallId, string Reason);

/// <param name="Target">Name of the client method; empty for a ping or a completion.</param>
public sealed record HubMessage(string Target, JsonElement Arguments, HubRefusal? Refusal = null)
{
    public T Argument<T>(int index)
    {
        try
        {
            return Arguments[index].Deserialize<T>(HubProtocol.Json) ?? throw new HubException($"Argument {index} of {Target} is missing.");
        }
        catch (JsonException e)
        {
            throw new HubException($"Argument {index} of {Target} is not what the console understands.", e);
        }
    }
}

/// <summary>
/// One WebSocket to the hub of one Api node. Whoever reads it must go on reading: a message that does not come for
/// <see cref="SilenceBound"/> means that the node is gone, whatever the socket says.
/// </summary>
public sealed class HubConnection : IAsyncDisposable
{
    /// <summary>The hub sends a heartbeat each second; this many without one is an outage.</summary>
    public static readonly TimeSpan SilenceBound = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ConnectBound = TimeSpan.FromSeconds(3);

    /// <summary>A snapshot of a deep book has some thousand levels of about 60 bytes each.</summary>
    private const int MaxMessageBytes = 4 * 1024 * 1024;

    private readonly ClientWebSocket socket = new();

    // No threshold: writer and reader are one, so a writer that waits for the reader would wait for ever.
    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly SemaphoreSlim sending = new(1, 1);

    private HubConnection()
    {
    }

    public static async Task<HubConnection> OpenAsync(Uri api, CancellationToken cancel)
    {
        var connection = new HubConnection();
        try
        {
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            bound.CancelAfter(ConnectBound);
            var address = new UriBuilder(new Uri(api, "hubs/market")) { Scheme = api.Scheme == "https" ? "wss" : "ws" }.Uri;
            connection.socket.Options.Proxy = null;
            connection.socket.Options.KeepAliveInterval = TimeSpan.Zero;
            await connection.socket.ConnectAsync(address, bound.Token);
            await connection.SendAsync(HubProtocol.Handshake, bound.Token);
            var answer = await connection.ReadAsync(bound.Token);
            if (answer.TryGetProperty("error", out var error))
                throw new HubException($"The hub refused the handshake: {error.GetString()}");

            return connection;
        }
        catch (Exception e)
        {
            await connection.DisposeAsync();
            if (e is WebSocketException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
                throw new HubException("The hub cannot be reached.", e);

            throw;
        }
    }

    /// <summary>Sends a call. Should the hub refuse it, that comes out of <see cref="NextAsync"/> with this id.</summary>
    public Task InvokeAsync(string callId, string target, CancellationToken cancel, params object[] arguments) =>
        SendAsync(HubProtocol.Invoke(callId, target, arguments), cancel);

    public Task PingAsync(CancellationToken cancel) => SendAsync(HubProtocol.PingMessage, cancel);

    public async Task<HubMessage> NextAsync(CancellationToken cancel)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        bound.CancelAfter(SilenceBound);
        try
        {
            var message = await ReadAsync(bound.Token);
            return message.GetProperty("type").GetInt32() switch
            {
                HubProtocol.Invocation => new HubMessage(message.GetProperty("target").GetString()!, message.GetProperty("arguments")),
                HubProtocol.Completion when message.TryGetProperty("error", out var error) =>
                    new HubMessage("", default, new HubRefusal(message.GetProperty("invocationId").GetString()!, error.GetString()!)),
                HubProtocol.Close => throw new HubException(
                    message.TryGetProperty("error", out var reason) ? $"The hub closed the connection: {reason.GetString()}" : "The hub closed the connection."),
                _ => new HubMessage("", default),
            };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new HubException($"The hub has been silent for {SilenceBound.TotalSeconds:0} s.");
        }
        catch (WebSocketException e)
        {
            throw new HubException("The connection to the hub broke.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Aborted, not closed: a closing handshake would wait for a node that may be gone.
        socket.Abort();
        socket.Dispose();
        await pipe.Reader.CompleteAsync();
        await pipe.Writer.CompleteAsync();
    }

    private async Task<JsonElement> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            if (pipe.Reader.TryRead(out var read))
            {
                var buffer = read.Buffer;
                if (HubProtocol.TryCut(ref buffer, out var message))
                {
                    var json = Parse(message);
                    pipe.Reader.AdvanceTo(buffer.Start);
                    return json;
                }

                pipe.Reader.AdvanceTo(buffer.Start, buffer.End);
                if (buffer.Length > MaxMessageBytes)
                    throw new HubException($"The hub sent a message of more than {MaxMessageBytes:N0} bytes.");
            }

            var memory = pipe.Writer.GetMemory(16 * 1024);
            var received = await socket.ReceiveAsync(memory, cancel);
            if (received.MessageType == WebSocketMessageType.Close)
                throw new HubException("The hub closed the connection.");

            pipe.Writer.Advance(received.Count);
            await pipe.Writer.FlushAsync(CancellationToken.None);
        }
    }

    private static JsonElement Parse(ReadOnlySequence<byte> message)
    {
        try
        {
            var reader = new Utf8JsonReader(message);
            return JsonElement.ParseValue(ref reader);
        }
        catch (JsonException e)
        {
            throw new HubException("The hub sent something that is not JSON.", e);
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        await sending.WaitAsync(cancel);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancel);
        }
        catch (WebSocketException e)
        {
            throw new HubException("The connection to the hub broke.", e);
        }
        finally
        {
            sending.Release();
        }
    }
}
