using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.ServiceDefaults.Cluster;

public sealed class NoticeMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _notices = meters.Create(MetricNames.Meter).CreateCounter<long>(
        MetricNames.Notices, description: "Notices over the backplane, by topic and what became of them.");

    public void Sent(string topic) => Count(topic, "sent");

    public void Received(string topic) => Count(topic, "received");

    /// <summary>Not sent, or not passed on.</summary>
    public void Dropped(string topic) => Count(topic, "dropped");

    private void Count(string topic, string result) => _notices.Add(1, new("topic", topic), new KeyValuePair<string, object?>("result", result));
}
