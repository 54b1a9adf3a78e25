using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>A message for many clients: turned into bytes once, whoever gets it.</summary>
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

    /// <summary>The message itself, where it is one of the book: those of a slow client are folded into one.</summary>
    public DepthMessage? DepthBody { get; }

    public SerializedHubMessage Bytes { get; }

    public static SharedMessage Depth(DepthMessage message, Action<TimeSpan>? delivered = null) =>
        new(HubEvents.Depth, message, message, delivered);

    public static SharedMessage Of(string topic, object body, Action<TimeSpan>? delivered = null) =>
        new(topic, body, depth: null, delivered);

    /// <summary>Says to how many clients it goes, before it goes to the first.</summary>
    public void Expect(int clients) => _undelivered = clients;

    /// <summary>One client has it, or will not get it. The last one ends the measurement.</summary>
    public void Delivered()
    {
        if (_delivered is not null && Interlocked.Decrement(ref _undelivered) == 0)
            _delivered(System.Diagnostics.Stopwatch.GetElapsedTime(_receivedAt));
    }
}
