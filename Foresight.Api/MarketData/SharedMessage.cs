using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>A message for many clients, serialized once for all of them.</summary>
public sealed class SharedMessage
{
    private readonly Action<TimeSpan>? _delivered;
    private readonly long _receivedAt;
    private int _undelivered;

    private SharedMessage(string topic, object body, DepthMessage? depth, Action<TimeSpan>? delivered)
    {
        (Topic, DepthBody, _delivered) = (topic, depth, delivered);
        _receivedAt = System.Diagnostics.Stopwatch.GetTimestamp();
        Bytes = new SerializedHubMessage(new InvocationMessage(topic, [body]));
    }

    public string Topic { get; }

    /// <summary>The message itself if it belongs to a book, so that those of a slow client can be merged.</summary>
    public DepthMessage? DepthBody { get; }

    public SerializedHubMessage Bytes { get; }

    public static SharedMessage Depth(DepthMessage message, Action<TimeSpan>? delivered = null) =>
        new(HubEvents.Depth, message, message, delivered);

    public static SharedMessage Of(string topic, object body, Action<TimeSpan>? delivered = null) =>
        new(topic, body, depth: null, delivered);

    /// <summary>Sets the number of recipients; must precede the first delivery.</summary>
    public void Expect(int clients) => _undelivered = clients;

    /// <summary>Records that one client has got the message or never will. The last one ends the latency measurement.</summary>
    public void Delivered()
    {
        if (_delivered is not null && Interlocked.Decrement(ref _undelivered) == 0)
            _delivered(System.Diagnostics.Stopwatch.GetElapsedTime(_receivedAt));
    }
}
