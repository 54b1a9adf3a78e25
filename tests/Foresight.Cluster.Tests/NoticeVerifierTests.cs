using System.Text;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Foresight.ServiceDefaults.Trust;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Cluster.Tests;

[Trait("Category", "Trust")]
public sealed class NoticeVerifierTests : IDisposable
{
    private const string Block = """{"kind":"block","block":77,"at":"2026-01-01T00:00:00Z"}""";

    private static readonly RedisSettings Settings = new("127.0.0.1:1", RedisSettings.DefaultKeyPrefix);

    private readonly ServiceProvider _services;
    private readonly NoticeVerifier _verifier;

    public NoticeVerifierTests()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddSignalR();
        _services = services.BuildServiceProvider();
        _verifier = new NoticeVerifier(_services.GetRequiredService<IHubProtocolResolver>(), SealsOf(TestStores.ClusterSecret), Settings);
    }

    public void Dispose() => _services.Dispose();

    [Fact]
    public void ASealedNotice_IsBelievedOnce()
    {
        var notice = Sealed(NoticeTopics.Chain, Block);
        var (topic, body) = Assert.NotNull(_verifier.Open(Invocation(NoticeTopics.Chain, notice), out var reason));
        Assert.Equal((NoticeTopics.Chain, 77L, ""), (topic, Assert.IsType<ChainEvent>(body).Block, reason));
        AssertDropped("replayed", NoticeTopics.Chain, notice);
    }

    [Fact]
    public void NoByteOfANotice_CanBeChanged()
    {
        var notice = Sealed(NoticeTopics.Chain, Block);
        for (var at = 0; at < notice.Length; at++)
        {
            var changed = notice.ToArray();
            changed[at] ^= (byte)(1 << (at % 8));
            Assert.Null(_verifier.Open(Invocation(NoticeTopics.Chain, changed), out var reason));
            Assert.NotEqual("", reason);
        }

        Assert.NotNull(_verifier.Open(Invocation(NoticeTopics.Chain, notice), out _));
    }

    [Fact]
    public void ANoticeOfAnotherTopicOrCluster_IsForged()
    {
        AssertDropped("forged", NoticeTopics.Notices, Sealed(NoticeTopics.Chain, Block));
        var stranger = SealsOf("a secret of another cluster")
            .SealerOf(Settings.KeyPrefix + "notices:chain")
            .Seal(Encoding.UTF8.GetBytes(Block));
        AssertDropped("unknown_key", NoticeTopics.Chain, stranger);
    }

    [Fact]
    public void WhatIsNotSealed_IsDropped()
    {
        var record = new ChainEvent("block", 77, DateTimeOffset.UnixEpoch);
        foreach (var argument in new object?[] { record, null, "no base64!", "", 1, Encoding.UTF8.GetBytes(Block), new string('A', 8_192) })
            AssertDropped("unsealed", NoticeTopics.Chain, argument);
        AssertDropped("unsealed", "depth", Sealed(NoticeTopics.Chain, Block));
        Assert.Null(_verifier.Open(new SerializedHubMessage(new InvocationMessage(NoticeTopics.Chain, [])), out _));
        Assert.Null(_verifier.Open(new SerializedHubMessage([new SerializedMessage("json", "no JSON"u8.ToArray())]), out _));
        Assert.Null(_verifier.Open(new SerializedHubMessage([new SerializedMessage("messagepack", new byte[] { 1 })]), out _));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"kind":"block","block":"many"}""")]
    public void ASealedNoticeOfAnotherVersion_IsMalformed(string content) =>
        AssertDropped("malformed", NoticeTopics.Chain, Sealed(NoticeTopics.Chain, content));

    [Fact]
    public void TheLongestText_IsBelieved()
    {
        var sealer = SealsOf(TestStores.ClusterSecret, new string('n', NodeIdentity.MaximumLength))
            .SealerOf(Settings.KeyPrefix + "notices:notices");
        var text = string.Concat(Enumerable.Repeat("\\u4e16", Notice.MaxText));
        var content =
            $$"""{"kind":"operator","nodeId":"{{new string('n', 63)}}","text":"{{text}}","at":"2026-01-01T00:00:00.1234567+00:00"}""";
        var notice = sealer.Seal(Encoding.UTF8.GetBytes(content));
        Assert.NotNull(_verifier.Open(Invocation(NoticeTopics.Notices, notice), out _));
    }

    private static MessageSeals SealsOf(string secret, string node = "n1") =>
        new(new ClusterKeys(secret), new NodeIdentity(node, "test", "0", DateTimeOffset.UtcNow), TimeProvider.System);

    private static byte[] Sealed(string topic, string content) =>
        SealsOf(TestStores.ClusterSecret).SealerOf($"{Settings.KeyPrefix}notices:{topic}").Seal(Encoding.UTF8.GetBytes(content));

    private static SerializedHubMessage Invocation(string topic, object? argument) => new(new InvocationMessage(topic, [argument]));

    private void AssertDropped(string expected, string topic, object? argument)
    {
        Assert.Null(_verifier.Open(Invocation(topic, argument), out var reason));
        Assert.Equal(expected, reason);
    }
}
