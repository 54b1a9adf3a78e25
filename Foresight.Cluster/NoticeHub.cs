using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Cluster;

/// <summary>
/// Identifies the notices on the backplane. It has no methods: a node that only publishes needs the type for its <c>IHubContext</c>, and
/// clients receive the notices through the Api's own hub.
/// </summary>
public sealed class NoticeHub : Hub;

public interface INotices
{
    /// <summary>Neither waits nor fails: a notice that cannot be sent is lost.</summary>
    /// <param name="topic">One of <see cref="Protocol.NoticeTopics"/>.</param>
    /// <param name="notice">The topic's record.</param>
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
