using System.Threading.Channels;

namespace Foresight.Api.MarketData;

/// <summary>Queue of the feed's loop; any thread may post.</summary>
public sealed class FeedInbox
{
    /// <summary>Bound on queued items. Messages above it are dropped, and the sequence number of the next one reveals the gap.</summary>
    private const int Capacity = 100_000;

    private readonly Channel<FeedItem> _items = Channel.CreateBounded<FeedItem>(
        new BoundedChannelOptions(Capacity) { SingleReader = true }
    );

    /// <summary>Cancels reads that the loop has started when the host stops.</summary>
    internal CancellationToken Stopping { get; private set; }

    /// <summary>Must be called before the first item is posted: an item may start a read that has to end with the host.</summary>
    internal void Open(CancellationToken stopping) => Stopping = stopping;

    internal IAsyncEnumerable<FeedItem> TakeAllAsync() => _items.Reader.ReadAllAsync(Stopping);

    internal bool TryPost(FeedItem item) => _items.Writer.TryWrite(item);

    /// <summary>For items that must not be lost: waits for room in the background.</summary>
    internal void PostSurely(FeedItem item)
    {
        if (!TryPost(item))
            _ = _items.Writer.WriteAsync(item, Stopping).AsTask();
    }

    /// <summary>For the result of a read: the loop waits for it, so it must not be dropped. Waits for room.</summary>
    internal ValueTask PostAsync(FeedItem item) => _items.Writer.WriteAsync(item, CancellationToken.None);
}
