using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Foresight.Bench.Fanout;

internal readonly record struct Received(int Market, long Sequence, long At);

/// <summary>
/// A bare WebSocket in SignalR's JSON protocol, so that its cost does not depend on a client library. Most clients only count, because
/// verifying costs more.
/// </summary>
internal sealed class HubSocket(bool verifies) : IAsyncDisposable
{
    private const byte End = 0x1e;

    private static readonly byte[] DepthPrefix = Encoding.UTF8.GetBytes("""{"type":1,"target":"depth",""");
    private static readonly byte[] Ping = [.. Encoding.UTF8.GetBytes("""{"type":6}"""), End];

    private readonly ClientWebSocket _socket = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, ClientBook> _books = [];
    private readonly List<Received> _received = [];
    private readonly Lock _gate = new();
    private byte[] _buffer = new byte[64 * 1024];
    private Task _receiving = Task.CompletedTask;
    private int _unanswered;
    private long _messages;

    public bool Verifies => verifies;

    public Uri Node { get; private set; } = null!;

    public long Messages => Volatile.Read(ref _messages);

    public int Announced { get; private set; }

    public string? Closed { get; private set; }

    public async Task OpenAsync(Uri node, IReadOnlyList<int> markets)
    {
        Node = node;
        _socket.Options.Proxy = null;
        await _socket.ConnectAsync(new UriBuilder(new Uri(node, "hubs/market")) { Scheme = "ws" }.Uri, CancellationToken.None);
        await SendAsync([.. """{"protocol":"json","version":1}"""u8, End]);
        _unanswered = markets.Count;
        _receiving = ReceiveAsync();
        foreach (var market in markets)
            await SendAsync([
                .. Encoding.UTF8.GetBytes(
                    $$"""{"type":1,"invocationId":"{{market}}","target":"Subscribe","arguments":["depth",{{market}}]}"""
                ),
                End,
            ]);
        await _subscribed.Task;
    }

    /// <summary>The server closes a connection that is silent for 30 s.</summary>
    public Task PingAsync() => SendAsync(Ping);

    public T Read<T>(Func<IReadOnlyDictionary<int, ClientBook>, IReadOnlyList<Received>, T> read)
    {
        lock (_gate)
            return read(_books, _received);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task SendAsync(byte[] message)
    {
        await _sending.WaitAsync();
        try
        {
            if (_socket.State == WebSocketState.Open)
                await _socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        var filled = 0;
        try
        {
            while (true)
            {
                if (filled == _buffer.Length)
                    Array.Resize(ref _buffer, 2 * filled);
                var received = await _socket.ReceiveAsync(_buffer.AsMemory(filled), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                filled += received.Count;
                var taken = TakeAll(_buffer.AsSpan(0, filled));
                _buffer.AsSpan(taken, filled - taken).CopyTo(_buffer);
                filled -= taken;
            }

            Closed ??= "by the server";
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            Closed ??= error.Message;
        }

        _subscribed.TrySetException(new InvalidOperationException($"the connection ended: {Closed}"));
    }

    private int TakeAll(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (bytes[taken..].IndexOf(End) is var length and >= 0)
        {
            Take(bytes.Slice(taken, length));
            taken += length + 1;
        }

        return taken;
    }

    private void Take(ReadOnlySpan<byte> message)
    {
        if (message.StartsWith(DepthPrefix))
        {
            Volatile.Write(ref _messages, _messages + 1);
            if (verifies)
                Verify(message);
            return;
        }

        var body = JsonSerializer.Deserialize<HubMessage>(message, JsonSerializerOptions.Web)!;
        if (body.Type == 3 && body.Error is not null)
            _subscribed.TrySetException(new InvalidOperationException(body.Error));
        else if (body.Type == 3 && --_unanswered == 0)
            _subscribed.TrySetResult();
        else if (body.Target == "continuity" && body.Arguments![0].GetProperty("state").GetString() == "lost")
            Announced++;
        else if (body.Target == "closing")
            Closed ??= body.Arguments![0].GetProperty("reason").GetString();
    }

    private void Verify(ReadOnlySpan<byte> message)
    {
        var at = Stopwatch.GetTimestamp();
        var depth = JsonSerializer.Deserialize<DepthMessage>(message, JsonSerializerOptions.Web)!.Arguments[0];
        lock (_gate)
        {
            if (!_books.TryGetValue(depth.Market, out var book))
                _books.Add(depth.Market, book = new ClientBook());
            book.Apply(depth);
            _received.Add(new Received(depth.Market, depth.Sequence, at));
        }
    }

    private sealed record HubMessage(int Type, string? Target = null, JsonElement[]? Arguments = null, string? Error = null);

    private sealed record DepthMessage(DepthEvent[] Arguments);
}
