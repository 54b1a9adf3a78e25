using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using Foresight.Api.Tests.Stack;
using Foresight.Cluster;
using Foresight.Protocol;
using MessagePack;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Api.Tests.MarketData;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Parts")]
public sealed class NoticeTests(ApiStack stack)
{
    [Fact]
    public async Task ANotice_ReachesThoseWhoFollowItsTopic_AndOneForEverybodyTheOthersToo()
    {
        await using var node = await StartNodeAsync();
        await using var follower = await HubClientOfTest.OpenAsync(stack);
        await using var other = await HubClientOfTest.OpenAsync(stack);
        foreach (var topic in new[] { NoticeTopics.Cluster, NoticeTopics.Chain, NoticeTopics.Markets })
            Assert.Null(await follower.InvokeAsync("Subscribe", topic, 0));

        var notices = node.Services.GetRequiredService<INotices>();
        notices.Publish(NoticeTopics.Chain, new ChainEvent("block", 77, DateTimeOffset.UnixEpoch));
        await follower.NextAsync(NoticeTopics.Chain, body => body.GetProperty("block").GetInt64() == 77);
        notices.Publish(
            NoticeTopics.Cluster,
            new ClusterEvent("leader_elected", "m-1", 5, DateTimeOffset.UnixEpoch, LeasedResources.Matching)
        );
        var elected = await follower.NextAsync(NoticeTopics.Cluster, body => body.GetProperty("nodeId").GetString() == "m-1");
        Assert.Equal(5, elected.GetProperty("epoch").GetInt64());
        notices.Publish(NoticeTopics.Markets, new MarketStateEvent(1, "open", null, 1, 10));
        Assert.Equal("open", (await follower.NextAsync(NoticeTopics.Markets)).GetProperty("state").GetString());

        using var response = await stack.Admin.PostAsJsonAsync("admin/notices", new NoticeRequest(" Maintenance at noon. "));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        foreach (var client in new[] { follower, other })
        {
            var words = await client.NextAsync(NoticeTopics.Notices, body => body.GetProperty("kind").GetString() == "operator");
            Assert.Equal("Maintenance at noon.", words.GetProperty("text").GetString());
        }

        Assert.DoesNotContain(
            await other.UntilHeartbeatsAsync(),
            message => message.Target is NoticeTopics.Chain or NoticeTopics.Cluster or NoticeTopics.Markets
        );

        Assert.Null(await follower.InvokeAsync("Unsubscribe", NoticeTopics.Chain, 0));
        notices.Publish(NoticeTopics.Chain, new ChainEvent("block", 78, DateTimeOffset.UnixEpoch));
        Assert.DoesNotContain(await follower.UntilHeartbeatsAsync(), message => message.Target == NoticeTopics.Chain);
    }

    /// <summary>Any Redis client can write to the backplane, so only what a node has sealed may come out of it.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task WhatIsNoSealedNotice_ReachesNobody_WhateverGroupItIsSentTo()
    {
        await using var node = await StartNodeAsync();
        await using var client = await HubClientOfTest.OpenAsync(stack);
        var before = await DroppedAsync();
        Assert.Null(await client.InvokeAsync("Subscribe", NoticeTopics.Chain, 0));
        var hub = node.Services.GetRequiredService<IHubContext<NoticeHub>>();
        await hub.Clients.All.SendAsync("depth", new DepthMessage(1, 9, 9, 0, Snapshot: true, [new LevelChange(0, true, 1, 1)]));
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync("orders", new OrdersMessage(9, 9, []));
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync(NoticeTopics.Chain, "no record");
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync(NoticeTopics.Chain);
        await hub.Clients.Group("strangers").SendAsync(NoticeTopics.Chain, new ChainEvent("block", 2, DateTimeOffset.UnixEpoch));
        await hub.Clients.All.SendAsync(NoticeTopics.Chain, new ChainEvent("block", 3, DateTimeOffset.UnixEpoch));
        await hub.Clients.All.SendAsync(NoticeTopics.Notices, new Notice("operator", "api-1", "Withdraw.", DateTimeOffset.UnixEpoch));
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync(NoticeTopics.Chain, new ChainEvent("block", 4, DateTimeOffset.UnixEpoch));
        node.Services.GetRequiredService<INotices>().Publish(NoticeTopics.Chain, new ChainEvent("block", 5, DateTimeOffset.UnixEpoch));
        var block = await client.NextAnyAsync();
        Assert.Equal((NoticeTopics.Chain, 5L), (block.Target, block.Body.GetProperty("block").GetInt64()));
        Assert.Empty(await client.UntilHeartbeatsAsync());
        await DropsRiseAsync("unsealed", before);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public async Task AForgedAReplayedAndAMutatedNotice_ReachNobody_AndAGenuineOneDoes_InAFloodOfThem()
    {
        await using var node = await StartNodeAsync();
        await using var client = await HubClientOfTest.OpenAsync(stack);
        Assert.Null(await client.InvokeAsync("Subscribe", NoticeTopics.Chain, 0));
        var before = await DroppedAsync();
        await using var enemy = await ConnectionMultiplexer.ConnectAsync(stack.Redis);
        var group = RedisChannel.Literal($"{ApiStack.Prefix}{typeof(NoticeHub).FullName}:group:{NoticeTopics.Chain}");
        var everybody = RedisChannel.Literal($"{ApiStack.Prefix}{typeof(NoticeHub).FullName}:all");
        var captured = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await enemy.GetSubscriber().SubscribeAsync(group, (_, message) => captured.TrySetResult((byte[])message!));
        var notices = node.Services.GetRequiredService<INotices>();
        notices.Publish(NoticeTopics.Chain, new ChainEvent("block", 80, DateTimeOffset.UnixEpoch));
        await client.NextAsync(NoticeTopics.Chain, body => body.GetProperty("block").GetInt64() == 80);

        var replayed = await captured.Task.WaitAsync(Eventually.Patience);
        var wire = Encoding.Latin1.GetString(replayed);
        var argument = Regex.Match(wire, "\"arguments\":\\[\"([^\"]+)\"").Groups[1].Value;
        // JSON writes the plus of Base64 escaped.
        var notice = Encoding.Latin1.GetString(Convert.FromBase64String(argument.Replace("\\u002B", "+")));
        Assert.Contains("\"block\":80", notice);
        var mutated = Backplane(notice.Replace("\"block\":80", "\"block\":81"));
        var forged = Backplane("""{"kind":"block","block":666,"at":"2026-01-01T00:00:00Z"}""");
        for (var i = 0; i < 3_000; i++)
        {
            foreach (var message in new[] { replayed, mutated, forged })
                await enemy.GetSubscriber().PublishAsync(i % 2 == 0 ? group : everybody, message, CommandFlags.FireAndForget);
            if (i == 2_000)
                notices.Publish(NoticeTopics.Chain, new ChainEvent("block", 82, DateTimeOffset.UnixEpoch));
        }

        Assert.Equal(82, (await client.NextAsync(NoticeTopics.Chain)).GetProperty("block").GetInt64());
        await enemy.GetDatabase().PingAsync();
        Assert.DoesNotContain(await client.UntilHeartbeatsAsync(), message => message.Target == NoticeTopics.Chain);
        foreach (var reason in new[] { "replayed", "forged", "unsealed" })
            await DropsRiseAsync(reason, before);

        // In the backplane's protocol: connections to leave out, and the invocation by hub protocol.
        static byte[] Backplane(string content) =>
            MessagePackSerializer.Serialize(
                new object[]
                {
                    Array.Empty<string>(),
                    new Dictionary<string, byte[]>
                    {
                        ["json"] = Encoding.UTF8.GetBytes(
                            "{\"type\":1,\"target\":\"chain\",\"arguments\":[\""
                                + Convert.ToBase64String(Encoding.Latin1.GetBytes(content))
                                + "\"]}\u001e"
                        ),
                    },
                }
            );
    }

    /// <summary>Any Redis client can send group commands, because the backplane does not authenticate them either.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task ANodeThatAnEnemyRemovesFromItsGroups_JoinsThemAgain()
    {
        await using var node = await StartNodeAsync();
        await using var client = await HubClientOfTest.OpenAsync(stack);
        Assert.Null(await client.InvokeAsync("Subscribe", NoticeTopics.Chain, 0));
        await using var enemy = await ConnectionMultiplexer.ConnectAsync(stack.Redis);
        var hub = $"{ApiStack.Prefix}{typeof(NoticeHub).FullName}";
        var connection = $"{hub}:connection:";
        var server = enemy.GetServer(enemy.GetEndPoints()[0]);
        foreach (var channel in await server.SubscriptionChannelsAsync(RedisChannel.Pattern(connection + "*")))
        {
            // In the backplane's protocol: id, server, 2 to remove, group, connection.
            object[] command = [1, "enemy", (byte)2, NoticeTopics.Chain, channel.ToString()[connection.Length..]];
            await enemy
                .GetSubscriber()
                .PublishAsync(RedisChannel.Literal($"{hub}:internal:groups"), MessagePackSerializer.Serialize(command));
        }

        var group = RedisChannel.Literal($"{hub}:group:{NoticeTopics.Chain}");
        await Eventually.TrueAsync(
            "the node has left",
            Eventually.Patience,
            async () => await server.SubscriptionSubscriberCountAsync(group) == 0
        );
        await Eventually.TrueAsync(
            "the node is back",
            Eventually.Patience,
            async () => await server.SubscriptionSubscriberCountAsync(group) > 0
        );
        node.Services.GetRequiredService<INotices>().Publish(NoticeTopics.Chain, new ChainEvent("block", 79, DateTimeOffset.UnixEpoch));
        await client.NextAsync(NoticeTopics.Chain, body => body.GetProperty("block").GetInt64() == 79);
    }

    [Theory]
    [InlineData("Subscribe", "chain", 1)]
    [InlineData("Unsubscribe", "cluster", 7)]
    [InlineData("Subscribe", "Chain", 0)]
    public async Task AWrongCallForAPublicTopic_IsRefused(string method, string topic, int market)
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        Assert.Contains("malformed_request", await client.InvokeAsync(method, topic, market));
    }

    [Fact]
    public async Task APublicTopic_CannotBeResumed()
    {
        await using var client = await HubClientOfTest.OpenAsync(stack);
        Assert.Contains("malformed_request", await client.InvokeAsync("Resume", NoticeTopics.Cluster, 0, 1L, 1L));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("  ")]
    [InlineData("a\u0007b")]
    public async Task AnOperatorsNoticeWithoutWords_IsRefused(string? text)
    {
        using var response = await stack.Admin.PostAsJsonAsync("admin/notices", new NoticeRequest(text));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var tooLong = await stack.Admin.PostAsJsonAsync("admin/notices", new NoticeRequest(new string('a', Notice.MaxText + 1)));
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
        using var stranger = await stack.Http.PostAsJsonAsync("admin/notices", new NoticeRequest("hello"));
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
    }

    private Task DropsRiseAsync(string reason, Dictionary<string, long> before) =>
        Eventually.TrueAsync(
            $"a notice is dropped as {reason}",
            Eventually.Patience,
            async () => (await DroppedAsync()).GetValueOrDefault(reason) > before.GetValueOrDefault(reason)
        );

    /// <summary>By reason. The node is shared, so other tests have left counts there.</summary>
    private async Task<Dictionary<string, long>> DroppedAsync() =>
        Regex
            .Matches(
                await stack.Http.GetStringAsync("metrics"),
                """foresight_pubsub_dropped_total\{channel="notices",reason="([^"]+)"[^}]*\} (\d+)"""
            )
            .ToDictionary(match => match.Groups[1].Value, match => long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));

    private async Task<WebApplication> StartNodeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:redis"] = stack.Redis,
                ["ConnectionStrings:foresight"] = stack.PrimaryConnection,
                ["REDIS_KEY_PREFIX"] = ApiStack.Prefix,
                ["NODE_ID"] = "publisher",
                ["CLUSTER_SECRET"] = ApiStack.ClusterSecret,
                ["urls"] = "http://127.0.0.1:0",
            }
        );
        builder.AddServiceDefaults();
        builder.AddRedis();
        builder.AddPostgres(useReplicas: false);
        builder.AddClusterNode("matching");
        var node = builder.Build();
        await node.StartAsync();
        return node;
    }
}
