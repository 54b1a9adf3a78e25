using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>All state changes go through the feed's loop, so the state has one writer.</summary>
internal abstract record FeedItem
{
    /// <summary>Of the message's JSON, as it came; 0 for what is not a message. What is kept of it takes some times as much.</summary>
    public int Bytes { get; init; }

    public sealed record Depth(DepthMessage Message) : FeedItem;

    public sealed record Trades(TradesMessage Message) : FeedItem;

    public sealed record Stats(StatsMessage Message) : FeedItem;

    public sealed record Orders(OrdersMessage Message) : FeedItem;

    public sealed record TradeStates(TradeStatesMessage Message) : FeedItem;

    public sealed record Withdrawals(WithdrawalsMessage Message) : FeedItem;

    public sealed record MarketsAdded(IReadOnlyList<Market> Markets) : FeedItem;

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

    public sealed record BooksRead(IReadOnlyList<int> Markets, BookSnapshot? Snapshot) : FeedItem;

    public sealed record TradesRead(int Market, IReadOnlyList<TradeView>? Missing) : FeedItem;

    /// <param name="Number">Readings are numbered in the order in which they begin.</param>
    /// <param name="Seen">Positions of the streams before the journal was read, so that they
    /// can only appear behind, never ahead, by a race.</param>
    public sealed record PositionRead(
        int Shard,
        long Number,
        IReadOnlyList<(int Market, long Epoch, long Sequence)> Seen,
        JournalPosition Journal
    ) : FeedItem;

    public sealed record Tick : FeedItem;
}
