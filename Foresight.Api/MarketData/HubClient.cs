using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

/// <summary>One connection to this node's hub.</summary>
public sealed class HubClient(string id, ClientOutbox outbox)
{
    /// <summary>Topics of markets, and owners, that one connection may follow.</summary>
    public const int MaxSubscriptions = 500;

    public string Id => id;
    public ClientOutbox Outbox => outbox;

    /// <summary>What it follows. Only the feed's loop touches it.</summary>
    public HashSet<Subscription> Subscriptions { get; } = [];

    /// <summary>It is gone; a call of its that comes in late must not bring it back. Only the feed's loop touches it.</summary>
    public bool HasLeft { get; set; }
}

/// <param name="Topic">depth, trades, stats, orders, or one of <see cref="Protocol.NoticeTopics"/>.</param>
/// <param name="Owner">For orders: whose, in lower case; else empty.</param>
/// <param name="Market">0 for orders and the public topics.</param>
public readonly record struct Subscription(string Topic, int Market, string Owner = "");

internal sealed class HubSocket(HubConnectionContext connection) : IClientSocket
{
    public ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken) =>
        connection.WriteAsync(message.Bytes, cancellationToken);

    public void Abort() => connection.Abort();
}
