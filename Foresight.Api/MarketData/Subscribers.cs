namespace Foresight.Api.MarketData;

/// <summary>Who follows what. Only the feed's loop writes; the counts may be read by any thread.</summary>
public sealed class Subscribers
{
    private static readonly IReadOnlyCollection<HubClient> Nobody = [];

    private readonly Dictionary<Subscription, HashSet<HubClient>> followers = [];
    private readonly HashSet<HubClient> clients = [];
    private volatile IReadOnlyDictionary<string, int> counts = new Dictionary<string, int>();

    /// <summary>Every client, also one that follows nothing.</summary>
    public IReadOnlyCollection<HubClient> All => clients;

    public IReadOnlyDictionary<string, int> CountByTopic() => counts;

    public IReadOnlyCollection<HubClient> Of(Subscription subscription) =>
        followers.TryGetValue(subscription, out var found) ? found : Nobody;

    public IEnumerable<HubClient> OfTopic(string topic) =>
        followers.Where(one => one.Key.Topic == topic).SelectMany(one => one.Value).Distinct();

    public void Join(HubClient client) => clients.Add(client);

    public void Add(HubClient client, Subscription subscription)
    {
        if (!client.Subscriptions.Add(subscription)) return;
        if (!followers.TryGetValue(subscription, out var found)) followers.Add(subscription, found = []);
        found.Add(client);
        Count(subscription.Topic, 1);
    }

    public void Remove(HubClient client, Subscription subscription)
    {
        if (!client.Subscriptions.Remove(subscription)) return;
        if (followers.TryGetValue(subscription, out var found) && found.Remove(client) && found.Count == 0) followers.Remove(subscription);
        Count(subscription.Topic, -1);
    }

    public void Leave(HubClient client)
    {
        clients.Remove(client);
        foreach (var subscription in client.Subscriptions.ToList()) Remove(client, subscription);
    }

    private void Count(string topic, int change) =>
        counts = new Dictionary<string, int>(counts) { [topic] = counts.GetValueOrDefault(topic) + change };
}
