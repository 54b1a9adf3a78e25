using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>Without locks, because only the feed's loop uses it; only <see cref="CountByTopic"/> may be called by any thread.</summary>
public sealed class ClientRegistry
{
    private static readonly IReadOnlyCollection<HubClient> Nobody = [];

    private readonly Dictionary<Subscription, HashSet<HubClient>> _followers = [];
    private readonly HashSet<HubClient> _clients = [];
    private volatile IReadOnlyDictionary<string, int> _counts = new Dictionary<string, int>();

    public IReadOnlyCollection<HubClient> All => _clients;

    public IReadOnlyDictionary<string, int> CountByTopic() => _counts;

    public IReadOnlyCollection<HubClient> Of(Subscription subscription) =>
        _followers.TryGetValue(subscription, out var found) ? found : Nobody;

    public void Join(HubClient client) => _clients.Add(client);

    public void Add(HubClient client, Subscription subscription)
    {
        if (!client.Subscriptions.Add(subscription))
            return;
        if (!_followers.TryGetValue(subscription, out var found))
            _followers.Add(subscription, found = []);
        found.Add(client);
        Count(subscription.Topic, 1);
    }

    public void Remove(HubClient client, Subscription subscription)
    {
        if (!client.Subscriptions.Remove(subscription))
            return;
        if (_followers.TryGetValue(subscription, out var found) && found.Remove(client) && found.Count == 0)
            _followers.Remove(subscription);
        Count(subscription.Topic, -1);
    }

    public void Leave(HubClient client)
    {
        _clients.Remove(client);
        foreach (var subscription in client.Subscriptions.ToList())
            Remove(client, subscription);
    }

    public void Send(Subscription subscription, SharedMessage message) => Send(Of(subscription), message);

    public static void Send(IReadOnlyCollection<HubClient> clients, SharedMessage message)
    {
        message.Expect(clients.Count);
        foreach (var client in clients)
            client.Outbox.Queue(message);
    }

    /// <param name="topic">
    /// Trade states use the followers of the trades, and withdrawals those of the orders, because a client cannot follow them alone.
    /// </param>
    /// <param name="market">0 for all markets.</param>
    public void Announce(string topic, int market, string state)
    {
        var notice = SharedMessage.Of(HubEvents.Continuity, new ContinuityMessage(topic, market, state));
        var followed =
            topic == HubEvents.TradeState ? HubEvents.Trades
            : topic == HubEvents.Withdrawals ? HubEvents.Orders
            : topic;
        var clients = market == 0 ? OfTopic(followed) : Of(new Subscription(followed, market));
        foreach (var client in clients)
            client.Outbox.Queue(notice);
    }

    private IEnumerable<HubClient> OfTopic(string topic) =>
        _followers.Where(one => one.Key.Topic == topic).SelectMany(one => one.Value).Distinct();

    private void Count(string topic, int change) =>
        _counts = new Dictionary<string, int>(_counts) { [topic] = _counts.GetValueOrDefault(topic) + change };
}
