using System.Text.Json;
using Foresight.Api.MarketData;
using Foresight.Api.Tests.Stack;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace Foresight.Api.Tests.MarketData;

/// <summary>A shared message is serialized once for each protocol; clients of both receive the same.</summary>
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
        await using var redis = await ConnectionMultiplexer.ConnectAsync(stack.Redis);
        await redis
            .GetSubscriber()
            .PublishAsync(
                RedisChannel.Literal(ApiStack.Prefix + Channels.TradeStates),
                JsonSerializer.Serialize(new TradeStatesMessage(1, 0, 0, 0, [sent]), JsonSerializerOptions.Web)
            );
        Assert.Equal(sent, Assert.Single((await states.WaitAsync(Soon)).Trades));

        Task<T> FirstOf<T>(string target)
        {
            var first = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            client.On<T>(target, message => first.TrySetResult(message));
            return first.Task;
        }
    }
}
