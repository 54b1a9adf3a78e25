using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

public sealed class HubClient(string id, ClientOutbox outbox)
{
    public const int MaxSubscriptions = 500;

    public string Id => id;
    public ClientOutbox Outbox => outbox;

    public HashSet<Subscription> Subscriptions { get; } = [];

    /// <summary>A late call of a client that has left must not subscribe it again. Only the feed's loop uses it.</summary>
    public bool HasLeft { get; set; }
}

/// <param name="Owner">Owner of the orders, as an address in lower case; empty for other topics.</param>
/// <param name="Market">0 for orders and the public topics, which belong to no market.</param>
public readonly record struct Subscription(string Topic, int Market, string Owner = "");

internal sealed class HubSocket(HubConnectionContext connection) : IClientSocket
{
    public ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken) =>
        connection.WriteAsync(message.Bytes, cancellationToken);

    public void Abort() => connection.Abort();
}
