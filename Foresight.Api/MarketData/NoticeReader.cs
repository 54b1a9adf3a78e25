using System.Threading.RateLimiting;
using Foresight.Api.Markets;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Redis;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

/// <summary>Only what a node of the cluster has sealed goes on to clients, at a bounded rate.</summary>
public sealed class NoticeReader(
    MarketFeed feed,
    LeaderDirectory leaders,
    MarketCatalog catalog,
    NoticeVerifier verifier,
    NoticeMetrics metrics,
    DroppedMessages dropped
) : IDisposable
{
    /// <summary>
    /// A busy cluster has some ten notices a second. A client with 1,000 waiting messages is disconnected; a node that sends too many must
    /// not cause that for all of them.
    /// </summary>
    private const int NoticesPerSecond = 200;

    private readonly FixedWindowRateLimiter _limiter = new(
        new FixedWindowRateLimiterOptions
        {
            PermitLimit = NoticesPerSecond,
            Window = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }
    );

    /// <summary>Must be thread-safe, because the backplane calls it from a thread per group.</summary>
    public void Take(SerializedHubMessage message)
    {
        if (verifier.Open(message, out var reason) is not var (topic, body))
        {
            dropped.Count(NoticeHub.Channel, reason);
            return;
        }

        // After the seal: forged messages must not use up what genuine ones may.
        if (!_limiter.AttemptAcquire().IsAcquired)
        {
            dropped.Count(NoticeHub.Channel, DroppedMessages.Flood);
            return;
        }

        metrics.Received(topic);
        // Refresh before forwarding, so that a client that reads after the notice does not get the state before it.
        if (body is ClusterEvent { Kind: "leader_elected" or "leader_lost", Detail: { } resource } change)
            leaders.Notice(resource, change.NodeId, change.Epoch, isLeader: change.Kind == "leader_elected");
        if (body is MarketStateEvent)
            catalog.ReadSoon();
        feed.Take(topic, body);
    }

    public void Dispose() => _limiter.Dispose();
}
