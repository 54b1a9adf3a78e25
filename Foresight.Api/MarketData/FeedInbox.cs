using System.Threading.Channels;

namespace Foresight.Api.MarketData;

/// <summary>What the feed's loop is to take, from any thread.</summary>
public sealed class FeedInbox
{
    /// <summary>Items not yet taken. Beyond it messages are dropped; the numbers in the next ones show the gap.</summary>
    private const int Capacity = 100_000;

    private readonly Channel<FeedItem> _items = Channel.CreateBounded<FeedItem>(
        new BoundedChannelOptions(Capacity) { SingleReader = true }
    );

    /// <summary>Ends what the loop has begun to read.</summary>
    internal CancellationToken Stopping { get; private set; }

    /// <summary>Before the first item: what is posted may begin a reading that has to end with the host.</summary>
    internal void Open(CancellationToken stopping) => Stopping = stopping;

    internal IAsyncEnumerable<FeedItem> TakeAllAsync() => _items.Reader.ReadAllAsync(Stopping);

    /// <summary>False if there is no room.</summary>
    internal bool TryPost(FeedItem item) => _items.Writer.TryWrite(item);

    /// <summary>Waits for room, in the background if need be.</summary>
    internal void PostSurely(FeedItem item)
    {
        if (!TryPost(item))
            _ = _items.Writer.WriteAsync(item, Stopping).AsTask();
    }

    /// <summary>The result of a reading: without it the loop would wait for it for ever, so this waits for room.</summary>
    internal ValueTask PostAsync(FeedItem item) => _items.Writer.WriteAsync(item, CancellationToken.None);
}
