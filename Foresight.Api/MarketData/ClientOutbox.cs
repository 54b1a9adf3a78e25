using System.Threading.Channels;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>How a client is written to; SignalR's connection, or a test's.</summary>
public interface IClientSocket
{
    /// <summary>Completes when the message is in the socket's buffer; waits while a client does not read.</summary>
    ValueTask WriteAsync(SharedMessage message, CancellationToken cancellation);

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

    private readonly Lock gate = new();
    private readonly Queue<SharedMessage> queue = new();
    private readonly Dictionary<int, PendingDepth> depth = [];
    private readonly Dictionary<int, SharedMessage> stats = [];
    private readonly Dictionary<int, HeartbeatMarket> sent = [];
    private readonly Channel<bool> wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private bool heartbeatDue;
    private long? behindSince;
    private string? closing;
    private ITimer? farewell;

    public string? ClosedFor => closing;

    /// <summary>A trade, an order update, a notice: everything gets there, in this order.</summary>
    public void Queue(SharedMessage message)
    {
        var isFull = false;
        lock (gate)
        {
            if (closing is null)
            {
                queue.Enqueue(message);
                isFull = queue.Count > MaxQueued;
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
        lock (gate)
        {
            if (closing is not null)
            {
                message.Delivered();
                return;
            }

            if (!depth.TryGetValue(market, out var pending)) depth.Add(market, pending = new PendingDepth());
            metrics.Conflated(pending.Add(message));
        }

        Woken();
    }

    public void Stats(int market, SharedMessage message)
    {
        lock (gate)
        {
            if (stats.Remove(market, out var older)) older.Delivered();
            if (closing is null) stats[market] = message;
            else message.Delivered();
        }

        Woken();
    }

    /// <summary>The next thing that is sent when everything else is; more than one that is due are one.</summary>
    public void Heartbeat()
    {
        lock (gate) heartbeatDue = closing is null;
        Woken();
    }

    /// <summary>Nothing more of this market's book is sent, not even what waits.</summary>
    public void Forget(int market)
    {
        lock (gate)
        {
            if (depth.Remove(market, out var pending)) pending.Drop();
            sent.Remove(market);
        }
    }

    /// <summary>Tells the client why, and cuts it off shortly after.</summary>
    public void Close(string reason)
    {
        lock (gate)
        {
            if (closing is not null) return;
            closing = reason;
            foreach (var message in queue) message.Delivered();
            foreach (var message in stats.Values) message.Delivered();
            foreach (var pending in depth.Values) pending.Drop();
            queue.Clear();
            stats.Clear();
            depth.Clear();
            queue.Enqueue(SharedMessage.Of(HubEvents.Closing, new ClosingMessage(reason)));
        }

        metrics.Closed(reason);
        wake.Writer.TryWrite(true);
        // Kept, because a timer that nobody holds may be collected before it is due.
        farewell = clock.CreateTimer(_ => socket.Abort(), state: null, Farewell, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Sends until the client is gone.</summary>
    public async Task RunAsync(CancellationToken gone)
    {
        try
        {
            while (await wake.Reader.WaitToReadAsync(gone))
            {
                wake.Reader.TryRead(out _);
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
            farewell?.Dispose();
        }
    }

    private SharedMessage? Next()
    {
        lock (gate)
        {
            if (queue.TryDequeue(out var next)) return next;
            foreach (var (market, pending) in depth)
            {
                if (pending.Count == 0) continue;
                next = pending.TakeFirst();
                // To the end of the line, so that a busy market does not keep the others waiting.
                depth.Remove(market);
                depth.Add(market, pending);
                sent[market] = new HeartbeatMarket(market, next.DepthBody!.Epoch, next.DepthBody.Sequence);
                return next;
            }

            foreach (var market in stats.Keys)
            {
                stats.Remove(market, out next);
                return next;
            }

            behindSince = null;
            if (!heartbeatDue) return null;
            heartbeatDue = false;
            return SharedMessage.Of(HubEvents.Heartbeat, new HeartbeatMessage(clock.GetUtcNow(), [.. sent.Values]));
        }
    }

    private void Woken(bool isFull = false)
    {
        var isBehind = false;
        lock (gate)
        {
            behindSince ??= clock.GetTimestamp();
            isBehind = closing is null && clock.GetElapsedTime(behindSince.Value) > MaxBehind;
        }

        wake.Writer.TryWrite(true);
        if (isFull || isBehind) Close("slow_consumer");
    }
}
