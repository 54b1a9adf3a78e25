using System.Net;
using System.Net.Http.Json;
using Foresight.Api.Tests.Stack;
using Foresight.Cluster;
using Foresight.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

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

    /// <summary>Any Redis client can write to the backplane, so only valid notices may come out of it.</summary>
    [Fact]
    public async Task WhatIsNoNotice_ReachesNobody_WhateverGroupItIsSentTo()
    {
        await using var node = await StartNodeAsync();
        await using var client = await HubClientOfTest.OpenAsync(stack);
        Assert.Null(await client.InvokeAsync("Subscribe", NoticeTopics.Chain, 0));
        var hub = node.Services.GetRequiredService<IHubContext<NoticeHub>>();
        await hub.Clients.All.SendAsync("depth", new DepthMessage(1, 9, 9, 0, Snapshot: true, [new LevelChange(0, true, 1, 1)]));
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync("orders", new OrdersMessage(9, 9, []));
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync(NoticeTopics.Chain, "no record");
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync(NoticeTopics.Chain);
        var tooLong = new ChainEvent("block", 1, DateTimeOffset.UnixEpoch, State: new string('x', 5_000));
        await hub.Clients.Group(NoticeTopics.Chain).SendAsync(NoticeTopics.Chain, tooLong);
        await hub.Clients.Group("strangers").SendAsync(NoticeTopics.Chain, new ChainEvent("block", 2, DateTimeOffset.UnixEpoch));
        await hub.Clients.All.SendAsync(NoticeTopics.Chain, new ChainEvent("block", 3, DateTimeOffset.UnixEpoch));
        await Eventually.TrueAsync(
            "the one notice among them is taken",
            TimeSpan.FromSeconds(20),
            async () =>
                (await stack.Http.GetStringAsync("metrics"))
                    .Split('\n')
                    .Any(line =>
                        line.StartsWith("foresight_notices_total", StringComparison.Ordinal)
                        && line.Contains("unknown", StringComparison.Ordinal)
                        && line.Contains("} 5", StringComparison.Ordinal)
                    )
        );
        var block = await client.NextAnyAsync();
        Assert.Equal((NoticeTopics.Chain, 3L), (block.Target, block.Body.GetProperty("block").GetInt64()));
        Assert.Empty(await client.UntilHeartbeatsAsync());
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

    private async Task<WebApplication> StartNodeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:redis"] = stack.Redis,
                ["REDIS_KEY_PREFIX"] = ApiStack.Prefix,
                ["NODE_ID"] = "publisher",
                ["urls"] = "http://127.0.0.1:0",
            }
        );
        builder.AddServiceDefaults();
        builder.AddRedis();
        builder.AddClusterNode("matching");
        var node = builder.Build();
        await node.StartAsync();
        return node;
    }
}
