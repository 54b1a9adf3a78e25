using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Cluster;

/// <summary>
/// Names the notices on the backplane, and has no methods: a node that only publishes needs the type for its <c>IHubContext</c>, and
/// clients get the notices through the Api's one hub, which takes them from here.
/// </summary>
public sealed class NoticeHub : Hub;

/// <summary>Notices to all who follow a public topic: the SignalR backplane.</summary>
public interface INotices
{
    /// <summary>Does not wait, and does not fail: what cannot be sent is lost.</summary>
    /// <param name="topic">One of <see cref="Protocol.NoticeTopics"/>.</param>
    /// <param name="notice">The topic's record.</param>
    void Publish(string topic, object notice);
}

/// <summary>For a program that looks at the cluster and is no node of it, and for the simulator.</summary>
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

    /// <summary>Not sent, or not passed on.</summary>
    public void Dropped(string topic) => Count(topic, "dropped");

    private void Count(string topic, string result) =>
        _notices.Add(1, new("topic", topic), new KeyValuePair<string, object?>("result", result));
}
