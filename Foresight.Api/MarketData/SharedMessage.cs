using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>A message for many clients: turned into bytes once, whoever gets it.</summary>
public sealed class SharedMessage
{
    private readonly Action<TimeSpan>? delivered;
    private readonly long receivedAt;
    private int undelivered;

    private SharedMessage(string topic, object body, DepthMessage? depth, Action<TimeSpan>? delivered)
    {
        (Topic, DepthBody, this.delivered) = (topic, depth, delivered);
        receivedAt = System.Diagnostics.Stopwatch.GetTimestamp();
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
    public void Expect(int clients) => undelivered = clients;

    /// <summary>One client has it, or will not get it. The last one ends the measurement.</summary>
    public void Delivered()
    {
        if (delivered is not null && Interlocked.Decrement(ref undelivered) == 0)
            delivered(System.Diagnostics.Stopwatch.GetElapsedTime(receivedAt));
    }
}
