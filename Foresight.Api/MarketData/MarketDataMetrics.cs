using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Api.MarketData;

public sealed class MarketDataMetrics
{
    private readonly Counter<long> received;
    private readonly Counter<long> stale;
    private readonly Counter<long> gaps;
    private readonly Counter<long> sent;
    private readonly Counter<long> conflated;
    private readonly Counter<long> closed;
    private readonly Histogram<double> latency;
    private readonly Meter meter;

    public MarketDataMetrics(IMeterFactory meters)
    {
        meter = meters.Create(MetricNames.Meter);
        received = meter.CreateCounter<long>(MetricNames.PubSubMessages, description: "Messages over Redis, by channel and direction.");
        stale = meter.CreateCounter<long>(MetricNames.PubSubStale, description: "Messages of a lower epoch, dropped.");
        gaps = meter.CreateCounter<long>(MetricNames.PubSubGaps, description: "Gaps found in the messages of a market.");
        sent = meter.CreateCounter<long>(MetricNames.HubMessages, description: "Messages to clients, by topic.");
        conflated = meter.CreateCounter<long>(MetricNames.HubConflated, description: "Depth messages folded into a later one.");
        closed = meter.CreateCounter<long>(MetricNames.HubClosed, description: "Clients closed by this node, by reason.");
        latency = meter.CreateHistogram<double>(
            MetricNames.HubBroadcastLatency, "ms", "From receipt of a message until its last client has it.");
    }

    public void Received(string channel) =>
        received.Add(1, new("channel", channel), new KeyValuePair<string, object?>("direction", "received"));

    public void Stale(string channel) => stale.Add(1, new KeyValuePair<string, object?>("channel", channel));

    public void Gap(string channel) => gaps.Add(1, new KeyValuePair<string, object?>("channel", channel));

    public void Sent(string topic) => sent.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Conflated(int messages)
    {
        if (messages > 0) conflated.Add(messages);
    }

    public void Closed(string reason)
    {
        if (reason != "gone") closed.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    public void Delivered(TimeSpan took) => latency.Record(took.TotalMilliseconds);

    public void WatchClients(Func<int> clients) =>
        meter.CreateObservableGauge(MetricNames.HubConnections, clients, description: "Clients of this node's hub.");

    /// <param name="subscriptions">Number of subscriptions by topic.</param>
    public void Watch(Func<IReadOnlyDictionary<string, int>> subscriptions, Func<bool> isConnected, int channels)
    {
        meter.CreateObservableGauge(
            MetricNames.HubSubscriptions,
            () => subscriptions().Select(topic => new Measurement<int>(topic.Value, new KeyValuePair<string, object?>("topic", topic.Key))),
            description: "Subscriptions by topic.");
        meter.CreateObservableGauge(
            MetricNames.PubSubConnectionStatus, () => isConnected() ? 1 : 0, description: "1: messages of Redis come in.");
        meter.CreateObservableGauge(
            MetricNames.PubSubSubscriptions, () => isConnected() ? channels : 0, description: "Channels that this node listens to.");
    }
}
