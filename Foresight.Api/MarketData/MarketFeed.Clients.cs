using Foresight.Contracts;

namespace Foresight.Api.MarketData;

// Who listens to what, and how they are told. Clients come and go through the inbox like everything else, so nobody is told twice or not at
// all because he came at a bad moment.
public sealed partial class MarketFeed
{
    private readonly Subscribers subscribers = new();

    /// <summary>Returns why it is refused, or null.</summary>
    public Task<string?> SubscribeAsync(HubClient client, Subscription subscription, (long Epoch, long Sequence)? from)
    {
        var answer = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!inbox.Writer.TryWrite(new FeedItem.Subscribe(client, subscription, from, answer))) answer.SetResult("unavailable");
        return answer.Task;
    }

    public Task UnsubscribeAsync(HubClient client, Subscription subscription)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!inbox.Writer.TryWrite(new FeedItem.Unsubscribe(client, subscription, done))) done.SetResult();
        return done.Task;
    }

    public void Join(HubClient client) => WriteSurely(new FeedItem.Joined(client));

    public void Leave(HubClient client) => WriteSurely(new FeedItem.Left(client));

    /// <summary>A client that cannot be taken out now would be written to for ever; so this one waits for room.</summary>
    private void WriteSurely(FeedItem item)
    {
        if (!inbox.Writer.TryWrite(item)) _ = inbox.Writer.WriteAsync(item, stopping).AsTask();
    }

    private string? OnSubscribe(FeedItem.Subscribe request)
    {
        var (client, subscription) = (request.Client, request.Subscription);
        if (client.HasLeft) return "unavailable";
        if (client.Subscriptions.Count >= HubClient.MaxSubscriptions) return "too_many_subscriptions";
        if (subscription.Market != 0 && !streams.ContainsKey(subscription.Market)) return "unavailable";
        subscribers.Add(client, subscription);
        if (subscription.Topic == HubEvents.Depth) Welcome(client, subscription.Market, request.From);
        if (subscription.Topic == HubEvents.Stats && lastStats.TryGetValue(subscription.Market, out var stats))
            client.Outbox.Stats(subscription.Market, SharedMessage.Of(HubEvents.Stats, stats));
        return null;
    }

    /// <summary>What it missed, if it was here before; else the whole book. While there is none it gets it as soon as there is.</summary>
    private void Welcome(HubClient client, int market, (long Epoch, long Sequence)? from)
    {
        var stream = streams[market];
        client.Outbox.Forget(market);
        if (from is { } known && stream.After(known.Epoch, known.Sequence) is { } missed)
        {
            foreach (var message in missed) client.Outbox.Depth(market, SharedMessage.Depth(message));
        }
        else if (stream.Snapshot() is { } snapshot)
        {
            client.Outbox.Depth(market, snapshot);
        }
    }

    /// <summary>A notice goes to those who follow its topic; one of <see cref="NoticeTopics.Notices"/> to everybody.</summary>
    /// <param name="body">The topic's record.</param>
    public void Take(string topic, object body) => inbox.Writer.TryWrite(new FeedItem.Notice(topic, body));

    private void OnNotice(string topic, object body) => SendToAll(
        topic == NoticeTopics.Notices ? subscribers.All : subscribers.Of(new Subscription(topic, 0)), SharedMessage.Of(topic, body));

    private void SendToAll(Subscription subscription, SharedMessage message) => SendToAll(subscribers.Of(subscription), message);

    private static void SendToAll(IReadOnlyCollection<HubClient> followers, SharedMessage message)
    {
        message.Expect(followers.Count);
        foreach (var client in followers) client.Outbox.Queue(message);
    }

    private void Say(string topic, int market, string state)
    {
        var notice = SharedMessage.Of(HubEvents.Continuity, new ContinuityMessage(topic, market, state));
        var followers = market == 0 ? subscribers.OfTopic(topic) : subscribers.Of(new Subscription(topic, market));
        foreach (var client in followers) client.Outbox.Queue(notice);
    }
}
