using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

public sealed class HubClient(string id, ClientOutbox outbox)
{
    /// <summary>Bound on subscriptions of one connection: topics of markets, and owners of orders.</summary>
    public const int MaxSubscriptions = 500;

    public string Id => id;
    public ClientOutbox Outbox => outbox;

    /// <summary>Only the feed's loop uses it.</summary>
    public HashSet<Subscription> Subscriptions { get; } = [];

    /// <summary>Set when the client leaves, so that a late call of it does not subscribe it again. Only the feed's loop uses it.</summary>
    public bool HasLeft { get; set; }
}

/// <param name="Topic">depth, trades, stats, orders, or one of <see cref="Protocol.NoticeTopics"/>.</param>
/// <param name="Owner">Owner of the orders, as an address in lower case; empty for other topics.</param>
/// <param name="Market">0 for orders and the public topics.</param>
public readonly record struct Subscription(string Topic, int Market, string Owner = "");

internal sealed class HubSocket(HubConnectionContext connection) : IClientSocket
{
    public ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken) =>
        connection.WriteAsync(message.Bytes, cancellationToken);

    public void Abort() => connection.Abort();
}
