using System.Threading.Channels;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>How a client is written to; SignalR's connection, or a test's.</summary>
public interface IClientSocket
{
    /// <summary>Completes when the message is in the socket's buffer; waits while a client does not read.</summary>
    ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken);

    void Abort();
}

/// <summary>
/// What one client has still to get. Whoever produces never waits: the book's changes are folded together, statistics are replaced by newer
/// ones, and a client that does not keep up with what may not be left out, or is behind for too long, is told so and closed.
/// </summary>
public sealed class ClientOutbox(IClientSocket socket, MarketDataMetrics metrics, TimeProvider clock)
{
    /// <summary>Trades, order updates and notices that wait; they are never folded, so a client with more is closed.</summary>
    public const int MaxQueued = 1_000;

    /// <summary>A client that has not once been up to date for this long does not keep up and must be closed within 30 s.</summary>
    public static readonly TimeSpan MaxBehind = TimeSpan.FromSeconds(20);

    /// <summary>Time for the reason to reach a client before it is cut off.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Queue<SharedMessage> _queue = new();
    private readonly Dictionary<int, PendingDepth> _depth = [];
    private readonly Dictionary<int, SharedMessage> _stats = [];
    private readonly Dictionary<int, HeartbeatMarket> _sent = [];
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite }
    );
    private bool _heartbeatDue;
    private long? _behindSince;
    private string? _closing;
    private ITimer? _farewell;

    public string? ClosedFor => _closing;

    /// <summary>A trade, an order update, a notice: everything gets there, in this order.</summary>
    public void Queue(SharedMessage message)
    {
        var isFull = false;
        lock (_gate)
        {
            if (_closing is null)
            {
                _queue.Enqueue(message);
                isFull = _queue.Count > MaxQueued;
            }
            else
            {
                message.Delivered();
            }
        }

        Woken(isFull);
    }

    public void Depth(int market, SharedMessage message)
    {
        lock (_gate)
        {
            if (_closing is not null)
            {
                message.Delivered();
                return;
            }

            if (!_depth.TryGetValue(market, out var pending))
                _depth.Add(market, pending = new PendingDepth());
            metrics.Conflated(pending.Add(message));
        }

        Woken();
    }

    public void Stats(int market, SharedMessage message)
    {
        lock (_gate)
        {
            if (_stats.Remove(market, out var older))
                older.Delivered();
            if (_closing is null)
                _stats[market] = message;
            else
                message.Delivered();
        }

        Woken();
    }

    /// <summary>The next thing that is sent when everything else is; more than one that is due are one.</summary>
    public void Heartbeat()
    {
        lock (_gate)
            _heartbeatDue = _closing is null;
        Woken();
    }

    /// <summary>Nothing more of this market's book is sent, not even what waits.</summary>
    public void Forget(int market)
    {
        lock (_gate)
        {
            if (_depth.Remove(market, out var pending))
                pending.Drop();
            _sent.Remove(market);
        }
    }

    /// <summary>Tells the client why, and cuts it off shortly after.</summary>
    public void Close(string reason)
    {
        lock (_gate)
        {
            if (_closing is not null)
                return;
            _closing = reason;
            foreach (var message in _queue)
                message.Delivered();
            foreach (var message in _stats.Values)
                message.Delivered();
            foreach (var pending in _depth.Values)
                pending.Drop();
            _queue.Clear();
            _stats.Clear();
            _depth.Clear();
            _queue.Enqueue(SharedMessage.Of(HubEvents.Closing, new ClosingMessage(reason)));
        }

        metrics.Closed(reason);
        _wake.Writer.TryWrite(true);
        // Kept, because a timer that nobody holds may be collected before it is due.
        _farewell = clock.CreateTimer(_ => socket.Abort(), state: null, Farewell, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sends until the client is gone.</summary>
    public async Task RunAsync(CancellationToken gone)
    {
        try
        {
            while (await _wake.Reader.WaitToReadAsync(gone))
            {
                _wake.Reader.TryRead(out _);
                while (Next() is { } message)
                {
                    await socket.WriteAsync(message, gone);
                    message.Delivered();
                    metrics.Sent(message.Topic);
                }
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // The client left, or was cut off.
        }
        finally
        {
            Close("gone");
            _farewell?.Dispose();
        }
    }

    private SharedMessage? Next()
    {
        lock (_gate)
        {
            if (_queue.TryDequeue(out var next))
                return next;
            foreach (var (market, pending) in _depth)
            {
                if (pending.Count == 0)
                    continue;
                next = pending.TakeFirst();
                // To the end of the line, so that a busy market does not keep the others waiting.
                _depth.Remove(market);
                _depth.Add(market, pending);
                _sent[market] = new HeartbeatMarket(market, next.DepthBody!.Epoch, next.DepthBody.Sequence);
                return next;
            }

            foreach (var market in _stats.Keys)
            {
                _stats.Remove(market, out next);
                return next;
            }

            _behindSince = null;
            if (!_heartbeatDue)
                return null;
            _heartbeatDue = false;
            return SharedMessage.Of(HubEvents.Heartbeat, new HeartbeatMessage(clock.GetUtcNow(), [.. _sent.Values]));
        }
    }

    private void Woken(bool isFull = false)
    {
        var isBehind = false;
        lock (_gate)
        {
            _behindSince ??= clock.GetTimestamp();
            isBehind = _closing is null && clock.GetElapsedTime(_behindSince.Value) > MaxBehind;
        }

        _wake.Writer.TryWrite(true);
        if (isFull || isBehind)
            Close("slow_consumer");
    }
}
