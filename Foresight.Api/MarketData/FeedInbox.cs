using System.Threading.Channels;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.Api.MarketData;

public sealed class FeedInbox
{
    /// <summary>Messages above the bound may be dropped, because the sequence number of the next one reveals the gap.</summary>
    private const int Capacity = 100_000;

    /// <summary>
    /// Bound on the JSON of waiting messages, with the same effect, because <see cref="Capacity"/> full books would fill the memory. It is
    /// that of the queue before this one.
    /// </summary>
    public const int MaxBytes = ReceiveQueue.MaxBytes;

    private readonly Channel<FeedItem> _items = Channel.CreateBounded<FeedItem>(
        new BoundedChannelOptions(Capacity) { SingleReader = true }
    );

    private long _bytes;

    internal CancellationToken Stopping { get; private set; }

    /// <summary>Must be called before the first item is posted: an item may start a read that has to end with the host.</summary>
    internal void Open(CancellationToken stopping) => Stopping = stopping;

    internal async IAsyncEnumerable<FeedItem> TakeAllAsync()
    {
        while (await _items.Reader.WaitToReadAsync(Stopping))
        {
            while (TryTake() is { } item)
                yield return item;
        }
    }

    internal FeedItem? TryTake()
    {
        if (!_items.Reader.TryRead(out var item))
            return null;
        Interlocked.Add(ref _bytes, -item.Bytes);
        return item;
    }

    internal bool TryPost(FeedItem item)
    {
        if ((Interlocked.Add(ref _bytes, item.Bytes) <= MaxBytes || item.Bytes == 0) && _items.Writer.TryWrite(item))
            return true;
        Interlocked.Add(ref _bytes, -item.Bytes);
        return false;
    }

    /// <summary>For items that must not be lost: a caller need not wait, because a full queue gets the item in the background.</summary>
    internal void PostSurely(FeedItem item)
    {
        if (TryPost(item))
            return;
        Interlocked.Add(ref _bytes, item.Bytes);
        _ = _items.Writer.WriteAsync(item, Stopping).AsTask();
    }

    /// <summary>The loop waits for the result of a read, so it must not be dropped: the call waits for room.</summary>
    internal ValueTask PostAsync(FeedItem item)
    {
        Interlocked.Add(ref _bytes, item.Bytes);
        return _items.Writer.WriteAsync(item, CancellationToken.None);
    }
}
