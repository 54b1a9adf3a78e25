using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Foresight.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>
/// Values and messages under the right key, which an enemy has captured or a broken node has made: they pass the check of the signature, so
/// each must end at a later one, of the key, channel, counter, epoch or content.
/// </summary>
[Collection(StoresCollection.Name)]
[Trait("Category", "Trust")]
public sealed class SealedByTheClusterTests(StoresFixture stores) : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private TestNode _node = null!;
    private DropsOf _drops = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster);
        _drops = new DropsOf(_node.Meters);
        await _node.ActiveAsync();
        await Eventually.TrueAsync("the node is announced", Eventually.Patience, async () => await _node.Nodes.FindAsync("n1") is not null);
    }

    public async Task DisposeAsync()
    {
        _drops.Dispose();
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ANodesRecord_ProvesNothingUnderTheKeyOfAnother()
    {
        var genuine = await _node.Redis.StringGetAsync(InfoKey("n1"));
        await _node.Redis.StringSetAsync(InfoKey("ghost"), genuine);
        Assert.Null(await _node.Nodes.FindAsync("ghost"));
        Assert.True(_drops[HintKinds.Node, "forged"] > 0);
    }

    [Fact]
    public async Task AnOlderRecordOfANode_DoesNotReplaceANewerOne_ThatWasRead()
    {
        var broken = TestHints.Of(nodeId: "n2");
        var (older, newer) = (Sign(broken, Record("n2", "older")), Sign(broken, Record("n2", "newer")));
        await _node.Redis.StringSetAsync(InfoKey("n2"), newer);
        Assert.Equal("newer", (await _node.Nodes.FindAsync("n2"))!.State);
        await _node.Redis.StringSetAsync(InfoKey("n2"), older);
        Assert.Equal("newer", (await _node.Nodes.FindAsync("n2"))!.State);
        // The leader lists the nodes that it knows, so it may have read this one too.
        Assert.True(_drops[HintKinds.Node, "stale"] > 0);
    }

    /// <summary>The name in the record, its time, and what must be in it.</summary>
    [Theory]
    [InlineData("n3", 0, "[]")]
    [InlineData("n2", 3_600, "[]")]
    [InlineData("n2", 0, "[null]")]
    [InlineData("n2", 0, "null")]
    public async Task ARecordThatContradictsItself_IsImplausible(string name, int secondsAhead, string leads)
    {
        var broken = TestHints.Of(nodeId: "n2", time: new ShiftedClock(TimeSpan.FromSeconds(secondsAhead)));
        var record = Record(name, "running") with { Leads = JsonSerializer.Deserialize<List<string>>(leads)! };
        await _node.Redis.StringSetAsync(InfoKey("n2"), Sign(broken, record));
        Assert.Null(await _node.Nodes.FindAsync("n2"));
        Assert.True(_drops[HintKinds.Node, "implausible"] > 0);
    }

    [Theory]
    [InlineData(0, 0, "https://127.0.0.1:1", "stale")]
    [InlineData(1, 60, "https://127.0.0.1:1", "stale")]
    [InlineData(1, 0, "http://127.0.0.1:1", "implausible")]
    [InlineData(1, 0, "nowhere", "implausible")]
    [InlineData(1, 0, "https://127.0.0.1:1", "implausible")]
    public async Task ALease_OfAnEarlierTerm_OrRunOut_OrWithoutAnAddress_OrThatPostgresDoesNotName_LeadsNobody(
        long epoch,
        int renewedSecondsAgo,
        string address,
        string reason
    )
    {
        // The directory has asked Postgres, which makes epochs before its own old.
        _node.Leaders.Forget(LeasedResources.Matching);
        Assert.Equal("n1", (await HolderAsync())!.NodeId);
        var now = DateTimeOffset.UtcNow;
        var key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        var record = new LeaseRecord("n9", address, Guid.NewGuid(), epoch, now, now.AddSeconds(-renewedSecondsAgo));
        // Written until it was read: the holder shows itself in between.
        await Eventually.TrueAsync(
            "the lease is read and refused",
            Eventually.Patience,
            async () =>
            {
                await _node.Redis.StringSetAsync(key, TestHints.Of(nodeId: "n9").Sign(key, record));
                Assert.Equal("n1", (await HolderAsync())!.NodeId);
                return _drops[HintKinds.Lease, reason] > 0;
            }
        );
        Assert.Equal(ResultStatus.Accepted, (await _node.Router.SendAsync(Traders.Fund(1))).Status);
    }

    [Fact]
    public async Task AMessage_IsBelievedOnce_AndOnItsOwnChannelOnly()
    {
        var prefix = _cluster.Settings["REDIS_KEY_PREFIX"]!;
        var multiplexer = _node.Redis.Multiplexer;
        var captured = new ConcurrentQueue<byte[]>();
        var channel = RedisChannel.Literal(prefix + Channels.ClusterLeader);
        await multiplexer.GetSubscriber().SubscribeAsync(channel, (_, message) => captured.Enqueue(message!));
        using var peer = new RedisClient(_cluster.Settings["ConnectionStrings:redis"]!, prefix);
        var epoch = await _cluster.EpochAsync();
        // A resource that does not exist, so that the genuine message has no effect of its own.
        peer.Broadcast.Publish(Channels.ClusterLeader, new LeaderMessage("released", "nothing", "n9", "https://127.0.0.1:1", 1));
        await Eventually.TrueAsync("the message is heard", Eventually.Patience, () => captured.Any(IsOfNothing));

        await multiplexer.GetSubscriber().PublishAsync(channel, captured.First(IsOfNothing));
        await Eventually.TrueAsync("it is a replay", Eventually.Patience, () => _drops[Channels.ClusterLeader, "replayed"] > 0);
        await multiplexer.GetSubscriber().PublishAsync(channel, await OfAnotherChannelAsync(multiplexer, prefix, peer));
        await Eventually.TrueAsync("it is forged", Eventually.Patience, () => _drops[Channels.ClusterLeader, "forged"] > 0);
        Assert.Equal(epoch, await _cluster.EpochAsync());
        Assert.Equal(ResultStatus.Accepted, (await _node.Router.SendAsync(Traders.Fund(1))).Status);

        static bool IsOfNothing(byte[] message) => Encoding.UTF8.GetString(message).Contains("\"nothing\"");
    }

    /// <summary>What stands in Redis names a term by a one-way digest, so who reads it there cannot write under the term.</summary>
    [Fact]
    public async Task TheTokenOfTheFence_IsInNoValueOfRedis()
    {
        var token = await _cluster.ScalarAsync<Guid>("SELECT token FROM leadership WHERE resource = 'matching-engine'");
        var key = LeaderDirectory.LeaseKey(LeasedResources.Matching);
        var name = LeaseRecord.NameOf(token).ToString();
        await Eventually.TrueAsync("the lease is shown", Eventually.Patience, async () => (await ValueAsync(key)).Contains(name));
        foreach (var value in new[] { await ValueAsync(key), await ValueAsync(InfoKey("n1")) })
        {
            Assert.NotEmpty(value);
            Assert.DoesNotContain(token.ToString(), value, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(token.ToString("N"), value, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Convert.ToBase64String(token.ToByteArray()), value, StringComparison.Ordinal);
        }

        async Task<string> ValueAsync(string of) => (await _node.Redis.StringGetAsync(of)).ToString();
    }

    private static string InfoKey(string nodeId) => $"node:{nodeId}:info";

    private static string Sign(SignedHints broken, NodeRecord record) => broken.Sign(InfoKey("n2"), record);

    private static NodeRecord Record(string name, string state) =>
        new(name, NodeKinds.Api, "https://127.0.0.1:1", state, "1.0", 1, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow, []);

    private Task<LeaseRecord?> HolderAsync() => _node.Leaders.FindAsync(LeasedResources.Matching);

    private static async Task<byte[]> OfAnotherChannelAsync(IConnectionMultiplexer multiplexer, string prefix, RedisClient peer)
    {
        var heard = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        await multiplexer
            .GetSubscriber()
            .SubscribeAsync(RedisChannel.Literal(prefix + "another:channel"), (_, message) => heard.TrySetResult(message!));
        peer.Broadcast.Publish("another:channel", new LeaderMessage("released", LeasedResources.Matching, "n1", "", 1));
        return await heard.Task.WaitAsync(Eventually.Patience);
    }

    private sealed class ShiftedClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }

    /// <summary>What one node has dropped, by kind or channel, and reason.</summary>
    private sealed class DropsOf : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<(string What, string Reason), long> _counts = new();

        public DropsOf(IMeterFactory meters)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name is MetricNames.HintsDropped or MetricNames.PubSubDropped && instrument.Meter.Scope == meters)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>(
                (_, count, labels, _) =>
                    _counts.AddOrUpdate(((string)labels[0].Value!, (string)labels[1].Value!), count, (_, before) => before + count)
            );
            _listener.Start();
        }

        public long this[string what, string reason] => _counts.GetValueOrDefault((what, reason));

        public void Dispose() => _listener.Dispose();
    }
}
