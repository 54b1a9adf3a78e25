using System.Text.Json;
using System.Threading.RateLimiting;
using Foresight.Api.Markets;
using Foresight.Cluster;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Reads and validates messages of the backplane, refreshes what they changed and passes them to the feed. Any Redis client can write
/// there, so only records of known topics go on to clients, at a bounded rate.
/// </summary>
public sealed class NoticeReader(
    MarketFeed feed,
    LeaderDirectory leaders,
    MarketCatalog catalog,
    IHubProtocolResolver protocols,
    NoticeMetrics metrics,
    DroppedNotices dropped
) : IDisposable
{
    /// <summary>Longest valid message: an operator's text of 500 characters, each escaped in JSON, plus the envelope.</summary>
    private const int MaxBytes = 4 * 1024;

    /// <summary>
    /// A busy cluster has some ten notices a second. A client with 1,000 waiting messages is
    /// disconnected; a flood of notices must not cause that for all of them.
    /// </summary>
    private const int NoticesPerSecond = 200;

    private readonly IHubProtocol _json =
        protocols.GetProtocol("json", ["json"]) ?? throw new InvalidOperationException("The hub has no JSON protocol.");

    private readonly FixedWindowRateLimiter _limiter = new(
        new FixedWindowRateLimiterOptions
        {
            PermitLimit = NoticesPerSecond,
            Window = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
        }
    );

    /// <summary>Thread-safe: the backplane calls it from a thread per group.</summary>
    public void Take(SerializedHubMessage message)
    {
        if (!_limiter.AttemptAcquire().IsAcquired)
        {
            dropped.CountFlood();
            return;
        }

        try
        {
            var (topic, body) = Read(message.GetSerializedMessage(_json));
            metrics.Received(topic);
            // Refresh before forwarding, so that a client that reads after the notice does not get the state before it.
            if (body is ClusterEvent { Kind: "leader_elected" or "leader_lost", Detail: { } resource } change)
                leaders.Notice(resource, change.NodeId, change.Epoch, isLeader: change.Kind == "leader_elected");
            if (body is MarketStateEvent)
                catalog.ReadSoon();
            feed.Take(topic, body);
        }
        catch (Exception error)
            when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            dropped.ReportUnknown(error.Message);
        }
    }

    public void Dispose() => _limiter.Dispose();

    /// <summary>Rebuilds the notice as the record of its topic, so that no unknown member reaches a client.</summary>
    private static (string Topic, object Body) Read(ReadOnlyMemory<byte> json)
    {
        if (json.Length is 0 or > MaxBytes)
            throw new JsonException($"It has {json.Length:N0} bytes, and {MaxBytes:N0} are the most.");
        // The last byte is the separator to the next message.
        using var document = JsonDocument.Parse(json[..^1]);
        var (target, notice) = (document.RootElement.GetProperty("target").GetString(), document.RootElement.GetProperty("arguments")[0]);
        object? body = target switch
        {
            NoticeTopics.Cluster => notice.Deserialize<ClusterEvent>(JsonSerializerOptions.Web),
            NoticeTopics.Chain => notice.Deserialize<ChainEvent>(JsonSerializerOptions.Web),
            NoticeTopics.Markets => notice.Deserialize<MarketStateEvent>(JsonSerializerOptions.Web),
            NoticeTopics.Notices => notice.Deserialize<Notice>(JsonSerializerOptions.Web),
            _ => null,
        };
        return body is null ? throw new JsonException("It is of no public topic.") : (target!, body);
    }
}
