using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>Serialized once, because all clients of a node may get the same message.</summary>
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

    /// <summary>Null for a message that belongs to no book; those of a book can be merged for a slow client.</summary>
    public DepthMessage? DepthBody { get; }

    public SerializedHubMessage Bytes { get; }

    public static SharedMessage Depth(DepthMessage message, Action<TimeSpan>? delivered = null) =>
        new(HubEvents.Depth, message, message, delivered);

    public static SharedMessage Of(string topic, object body, Action<TimeSpan>? delivered = null) =>
        new(topic, body, depth: null, delivered);

    /// <summary>Must precede the first delivery, because deliveries count down from it.</summary>
    public void Expect(int clients) => _undelivered = clients;

    /// <summary>Also for a client that will never get the message, because the last of them ends the latency measurement.</summary>
    public void Delivered()
    {
        if (_delivered is not null && Interlocked.Decrement(ref _undelivered) == 0)
            _delivered(System.Diagnostics.Stopwatch.GetElapsedTime(_receivedAt));
    }
}
