using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>Input of the feed's loop. All state changes go through it, so the state has one writer.</summary>
internal abstract record FeedItem
{
    public sealed record Depth(DepthMessage Message) : FeedItem;

    public sealed record Trades(TradesMessage Message) : FeedItem;

    public sealed record Stats(StatsMessage Message) : FeedItem;

    public sealed record Orders(OrdersMessage Message) : FeedItem;

    public sealed record TradeStates(TradeStatesMessage Message) : FeedItem;

    public sealed record MarketsAdded(IReadOnlyList<Market> Markets) : FeedItem;

    /// <summary>The result is the reason of a refusal; null on success.</summary>
    public sealed record Subscribe(
        HubClient Client,
        Subscription Subscription,
        (long Epoch, long Sequence)? From,
        TaskCompletionSource<string?> Answer
    ) : FeedItem;

    public sealed record Unsubscribe(HubClient Client, Subscription Subscription, TaskCompletionSource Done) : FeedItem;

    public sealed record Joined(HubClient Client) : FeedItem;

    public sealed record Left(HubClient Client) : FeedItem;

    public sealed record Notice(string Topic, object Body) : FeedItem;

    public sealed record ConnectionLost : FeedItem;

    public sealed record ConnectionRestored : FeedItem;

    /// <param name="Snapshot">Null if the read failed: the books are then read again.</param>
    public sealed record BooksRead(IReadOnlyList<int> Markets, BookSnapshot? Snapshot) : FeedItem;

    /// <param name="Missing">Null if the read failed: clients are then notified of the gap.</param>
    public sealed record TradesRead(int Market, IReadOnlyList<TradeView>? Missing) : FeedItem;

    /// <param name="Seen">Positions of the books before the journal was read, so that books
    /// can only appear behind, never ahead, by a race.</param>
    public sealed record PositionRead(int Shard, IReadOnlyList<(int Market, long Epoch, long Sequence)> Seen, long Epoch, long Sequence)
        : FeedItem;

    public sealed record Tick : FeedItem;
}
