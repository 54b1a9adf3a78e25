using Foresight.Api.MarketData;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Api.Tests.MarketData;

[Collection(ApiStackCollection.Name)]
public sealed class HubProtocolTests(ApiStack stack)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AClientOfEitherProtocol_GetsTheBook_TradesAndHeartbeats(bool isMessagePack)
    {
        var builder = new HubConnectionBuilder().WithUrl(new Uri(stack.Http.BaseAddress!, "hubs/market"));
        if (isMessagePack)
            builder.AddMessagePackProtocol();
        await using var client = builder.Build();
        var depth = FirstOf<DepthMessage>(HubEvents.Depth);
        var states = FirstOf<TradeStatesMessage>(HubEvents.TradeState);
        var heartbeat = FirstOf<HeartbeatMessage>(HubEvents.Heartbeat);
        await client.StartAsync();
        await client.InvokeAsync("Subscribe", HubEvents.Depth, 1);
        await client.InvokeAsync("Subscribe", HubEvents.Trades, 1);

        var snapshot = await depth.WaitAsync(Soon);
        Assert.Equal((1, true), (snapshot.Market, snapshot.Snapshot));
        Assert.Equal(2, snapshot.Checksums!.Count);
        Assert.InRange((await heartbeat.WaitAsync(Soon)).At, DateTimeOffset.UtcNow - Soon, DateTimeOffset.UtcNow + Soon);

        var sent = new TradeState(7, 1, "failed", "because", null, 5);
        using var redis = stack.ConnectAsNode();
        // Sent until one arrives, because Pub/Sub may lose a message, as it does with one that is sent while the connection is being made.
        await Eventually.TrueAsync(
            "the state of the trade arrives",
            Soon,
            () =>
            {
                redis.Broadcast.Publish(Channels.TradeStates, new TradeStatesMessage(1, 0, 0, 0, [sent]));
                return states.IsCompleted;
            }
        );
        Assert.Equal(sent, Assert.Single((await states).Trades));

        Task<T> FirstOf<T>(string target)
        {
            var first = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            client.On<T>(target, message => first.TrySetResult(message));
            return first.Task;
        }
    }
}
