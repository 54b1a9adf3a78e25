using System.Diagnostics.Metrics;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Api.MarketData;

public sealed class MarketDataMetrics
{
    public const string NoRoom = "no_room";
    public const string UnknownMarket = "unknown_market";
    public const string UnknownShard = "unknown_shard";

    private readonly Counter<long> _received;
    private readonly Counter<long> _stale;
    private readonly Counter<long> _gaps;
    private readonly Counter<long> _implausible;
    private readonly Counter<long> _unhandled;
    private readonly Counter<long> _compared;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _conflated;
    private readonly Counter<long> _closed;
    private readonly Histogram<double> _latency;
    private readonly Meter _meter;
    private volatile Func<int> _clients = () => 0;

    public MarketDataMetrics(IMeterFactory meters)
    {
        _meter = meters.Create(MetricNames.Meter);
        _received = _meter.CreateCounter<long>(MetricNames.PubSubMessages, description: "Messages over Redis, by channel and direction.");
        _stale = _meter.CreateCounter<long>(MetricNames.PubSubStale, description: "Messages of a lower epoch, dropped.");
        _gaps = _meter.CreateCounter<long>(MetricNames.PubSubGaps, description: "Gaps found in the messages of a market.");
        _implausible = _meter.CreateCounter<long>(MetricNames.PubSubImplausible, description: "Messages ahead of the journal, dropped.");
        _unhandled = _meter.CreateCounter<long>(
            MetricNames.PubSubUnhandled,
            description: "Messages that were believed and not handled, by channel and reason."
        );
        _compared = _meter.CreateCounter<long>(
            MetricNames.BooksCompared,
            description: "Comparisons of books with the leader's, by result."
        );
        _sent = _meter.CreateCounter<long>(MetricNames.HubMessages, description: "Messages to clients, by topic.");
        _conflated = _meter.CreateCounter<long>(MetricNames.HubConflated, description: "Depth messages folded into a later one.");
        _closed = _meter.CreateCounter<long>(MetricNames.HubClosed, description: "Clients closed by this node, by reason.");
        _latency = _meter.CreateHistogram<double>(
            MetricNames.HubBroadcastLatency,
            "ms",
            "From receipt of a message until its last client has it."
        );
    }

    public void Received(string channel) =>
        _received.Add(1, new("channel", channel), new KeyValuePair<string, object?>("direction", "received"));

    public void Stale(string channel) => _stale.Add(1, new KeyValuePair<string, object?>("channel", channel));

    public void Gap(string channel) => _gaps.Add(1, new KeyValuePair<string, object?>("channel", channel));

    public void Implausible(string channel, int messages = 1)
    {
        if (messages > 0)
            _implausible.Add(messages, new KeyValuePair<string, object?>("channel", channel));
    }

    /// <param name="reason">A constant of this class.</param>
    public void Unhandled(string channel, string reason) =>
        _unhandled.Add(1, new("channel", channel), new KeyValuePair<string, object?>("reason", reason));

    public void Compared(bool isSame) => _compared.Add(1, new KeyValuePair<string, object?>("result", isSame ? "same" : "different"));

    public void Sent(string topic) => _sent.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void Conflated(int messages)
    {
        if (messages > 0)
            _conflated.Add(messages);
    }

    public void Closed(string reason)
    {
        if (reason != "gone")
            _closed.Add(1, new KeyValuePair<string, object?>("reason", reason));
    }

    public void Delivered(TimeSpan took) => _latency.Record(took.TotalMilliseconds);

    /// <summary>0 until the hub has been made.</summary>
    public int Clients => _clients();

    public void WatchClients(Func<int> clients)
    {
        _clients = clients;
        _meter.CreateObservableGauge(MetricNames.HubConnections, clients, description: "Clients of this node's hub.");
    }

    public void Watch(Func<IReadOnlyDictionary<string, int>> subscriptions, Func<bool> isConnected, int channels)
    {
        _meter.CreateObservableGauge(
            MetricNames.HubSubscriptions,
            () => subscriptions().Select(topic => new Measurement<int>(topic.Value, new KeyValuePair<string, object?>("topic", topic.Key))),
            description: "Subscriptions by topic."
        );
        _meter.CreateObservableGauge(
            MetricNames.PubSubConnectionStatus,
            () => isConnected() ? 1 : 0,
            description: "1: messages of Redis come in."
        );
        _meter.CreateObservableGauge(
            MetricNames.PubSubSubscriptions,
            () => isConnected() ? channels : 0,
            description: "Channels that this node listens to."
        );
    }
}
