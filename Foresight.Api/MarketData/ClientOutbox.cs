using System.Threading.Channels;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>An interface, so that tests can stand in for SignalR's connection.</summary>
public interface IClientSocket
{
    /// <summary>Completes when the message is in the socket's buffer, so it waits for as long as the client does not read.</summary>
    ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken);

    void Abort();
}

/// <summary>
/// Producers never wait, so that a slow client delays no other: book changes are merged, statistics are replaced by newer ones, and a
/// client that cannot keep up with messages that must not be dropped, or lags for too long, is notified and disconnected.
/// </summary>
public sealed class ClientOutbox(IClientSocket socket, MarketDataMetrics metrics, TimeProvider clock)
{
    /// <summary>Waiting trades, order updates and notices are never merged, so a client with more of them is disconnected.</summary>
    public const int MaxQueued = 1_000;

    /// <summary>The requirement is 30 s: a client that is not up to date once in this time is disconnected.</summary>
    public static readonly TimeSpan MaxBehind = TimeSpan.FromSeconds(20);

    /// <summary>Without this time the connection would close before the reason reaches the client.</summary>
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

    /// <summary>No later message replaces a trade, an order update or a notice, so it is neither dropped nor reordered.</summary>
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

    /// <summary>Lowest priority; several waiting ones become one, because the content is read when it is sent.</summary>
    public void Heartbeat()
    {
        lock (_gate)
            _heartbeatDue = _closing is null;
        Woken();
    }

    public void Forget(int market)
    {
        lock (_gate)
        {
            if (_depth.Remove(market, out var pending))
                pending.Drop();
            _sent.Remove(market);
        }
    }

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
        // Held in a field, because an unreferenced timer may be collected before it fires.
        _farewell = clock.CreateTimer(_ => socket.Abort(), state: null, Farewell, Timeout.InfiniteTimeSpan);
    }

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
            // Expected: the client left, or was disconnected.
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
                // Moved to the end of the line, so that a busy market does not starve the others.
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
