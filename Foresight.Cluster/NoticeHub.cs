using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Cluster;

/// <summary>
/// Has no methods, because a node that only publishes needs the type for its <c>IHubContext</c>, and clients receive the notices through
/// the Api's own hub.
/// </summary>
public sealed class NoticeHub : Hub
{
    /// <summary>For the label of what is dropped.</summary>
    public const string Channel = "notices";

    /// <summary>
    /// The name in the seal: each topic has a key and counters of its own, because only within one are messages in order.
    /// </summary>
    internal static string SealedChannel(RedisSettings settings, string topic) => $"{settings.KeyPrefix}{Channel}:{topic}";
}

public interface INotices
{
    /// <summary>
    /// Neither waits nor fails. A notice that cannot be sent is lost, because it only reports a change that can be read from the Api.
    /// </summary>
    /// <param name="topic">One of <see cref="Protocol.NoticeTopics"/>.</param>
    void Publish(string topic, object notice);
}

/// <summary>For programs that observe the cluster without being a node, and for the simulator.</summary>
public sealed class NoNotices : INotices
{
    public void Publish(string topic, object notice) { }
}

public sealed class NoticeMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _notices = meters
        .Create(MetricNames.Meter)
        .CreateCounter<long>(MetricNames.Notices, description: "Notices over the backplane, by topic and what became of them.");

    public void Sent(string topic) => Count(topic, "sent");

    public void Received(string topic) => Count(topic, "received");

    public void Dropped(string topic) => Count(topic, "dropped");

    private void Count(string topic, string result) =>
        _notices.Add(1, new("topic", topic), new KeyValuePair<string, object?>("result", result));
}
