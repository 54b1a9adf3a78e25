using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Foresight.Testing;

public enum ProxyMode
{
    Forward,

    /// <summary>
    /// No network loses the replies of a connection only for a while, so after this only <see cref="Cut"/> may follow. The server
    /// receives everything.
    /// </summary>
    SwallowReplies,

    FrozenReplies,

    Frozen,

    Jitter,

    Trickle,

    Cut,
}

public sealed class TcpProxy : IAsyncDisposable
{
    private const int JitterMs = 400;

    private static readonly TimeSpan BetweenBytes = TimeSpan.FromMilliseconds(100);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly string _targetHost;
    private readonly int _targetPort;
    private readonly Random _delays;
    private readonly Task _accepting;
    private TaskCompletionSource _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ProxyMode _mode;

    public TcpProxy(string targetHost, int targetPort, int seed = 1)
    {
        (_targetHost, _targetPort, _delays) = (targetHost, targetPort, new Random(seed));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Redis(string direct) => string.Join(',', [$"127.0.0.1:{Port}", .. direct.Split(',')[1..]]);

    public TaskCompletionSource HeldBack { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set(ProxyMode next)
    {
        if (next is ProxyMode.SwallowReplies or ProxyMode.FrozenReplies or ProxyMode.Frozen)
            HeldBack = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (next is ProxyMode.Frozen or ProxyMode.FrozenReplies)
        {
            // Set before the mode, because the mode makes the pumps wait for it.
            _thawed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _mode = next;
            return;
        }

        _mode = next;
        _thawed.TrySetResult();
        if (next == ProxyMode.Cut)
            CloseAll();
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        _listener.Stop();
        _thawed.TrySetResult();
        CloseAll();
        await _accepting;
    }

    private void CloseAll()
    {
        foreach (var socket in _open.Keys)
            socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_closing.Token);
                if (_mode == ProxyMode.Cut)
                    client.Dispose();
                else
                    _ = ServeAsync(client);
            }
        }
        catch (Exception error)
            when (error is OperationCanceledException or SocketException or ObjectDisposedException
                || error is InvalidOperationException && _closing.IsCancellationRequested
            )
        {
            // Expected: the test has ended. (Accept on a listener that is stopped during an incoming connection throws that it
            // is not listening.)
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _open.TryAdd(client, 0);
        _open.TryAdd(server, 0);
        try
        {
            await server.ConnectAsync(_targetHost, _targetPort, _closing.Token);
            await Task.WhenAny(PumpAsync(client, server, isReply: false), PumpAsync(server, client, isReply: true));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Expected: one end is closed; the finally block closes the other.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(server, out _);
            client.Dispose();
            server.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket into, bool isReply)
    {
        var chunks = Channel.CreateUnbounded<Chunk>();
        var sending = SendAsync(chunks.Reader, into);
        // Receiving ends early only with an error, which must surface at once; sending ends when everything received is sent.
        await await Task.WhenAny(sending, ReceiveAsync(from, chunks.Writer, isReply));
        await sending;
    }

    private async Task ReceiveAsync(Socket from, ChannelWriter<Chunk> chunks, bool isReply)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            while (await from.ReceiveAsync(buffer, _closing.Token) is > 0 and var count)
            {
                var isFrozen = _mode == ProxyMode.Frozen || (_mode == ProxyMode.FrozenReplies && isReply);
                var isSwallowed = _mode == ProxyMode.SwallowReplies && isReply;
                if (isFrozen || isSwallowed)
                    HeldBack.TrySetResult();
                if (isFrozen)
                    await _thawed.Task;
                if (!isSwallowed)
                    chunks.TryWrite(new Chunk(buffer[..count], Stopwatch.GetTimestamp(), Delay()));
            }
        }
        finally
        {
            chunks.Complete();
        }
    }

    private async Task SendAsync(ChannelReader<Chunk> chunks, Socket into)
    {
        await foreach (var chunk in chunks.ReadAllAsync(_closing.Token))
        {
            var wait = chunk.Delay - Stopwatch.GetElapsedTime(chunk.ReceivedAt);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, _closing.Token);
            var sent = 0;
            while (sent < chunk.Bytes.Length)
            {
                var trickles = _mode == ProxyMode.Trickle;
                sent += await into.SendAsync(chunk.Bytes.AsMemory(sent, trickles ? 1 : chunk.Bytes.Length - sent), _closing.Token);
                if (trickles)
                    await Task.Delay(BetweenBytes, _closing.Token);
            }
        }
    }

    private TimeSpan Delay()
    {
        if (_mode != ProxyMode.Jitter)
            return TimeSpan.Zero;
        lock (_delays)
            return TimeSpan.FromMilliseconds(_delays.Next(JitterMs + 1));
    }

    private sealed record Chunk(byte[] Bytes, long ReceivedAt, TimeSpan Delay);
}
