using System.Collections.Concurrent;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Tests.Sharding;

[Collection(StoresCollection.Name)]
public sealed class ShardProcessTests(StoresFixture stores) : IAsyncLifetime
{
    private const int Funded = 4;
    private static readonly long[] Micros = [400_000_000_000, 300_000_000_000, 300_000_000_000];

    private readonly List<NodeProcess> _nodes = [];
    private readonly Traders _traders = new(seed: 420);
    private TestCluster _cluster = null!;
    private TestClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await ShardedCluster.CreateAsync(stores);
        _client = new TestClient(_cluster);
    }

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
            await node.DisposeAsync();
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task ThreeShards_AreLedByThreeNodes_AndByTheRestWhenOneIsKilled_WithoutLosingAnOrder()
    {
        foreach (var name in new[] { "n1", "n2", "n3" })
            _nodes.Add(new NodeProcess(name, _cluster.Settings));
        await Eventually.TrueAsync(
            "each of three nodes leads one shard",
            Eventually.Patience * 2,
            async () => (await LeadersAsync()).Distinct().Count() == ShardedCluster.Shards
        );
        await _client.Router.AcceptAsync([
            .. Enumerable
                .Range(1, Funded)
                .SelectMany(trader => Micros.Select((micros, shard) => ShardedCluster.Fund(trader, shard, micros))),
        ]);

        var answered = new ConcurrentQueue<(PlaceOrder Command, CommandResult Result)>();
        using var ending = new CancellationTokenSource();
        var load = Enumerable.Range(0, ShardedCluster.Shards * 2).Select(sender => SendAsync(sender, answered, ending.Token)).ToArray();
        await AcknowledgedAsync(answered, 40);
        var leader = await LeaderOf(1);
        var dead = _nodes.Single(node => node.NodeId == leader);
        dead.KillNow();
        await Eventually.TrueAsync(
            "the others lead all shards",
            Eventually.Patience,
            async () => await LeadersAsync() is var leaders && !leaders.Contains(dead.NodeId) && !leaders.Contains("")
        );
        await AcknowledgedAsync(answered, 40);
        await ending.CancelAsync();
        await Task.WhenAll(load);

        foreach (var (command, result) in answered)
        {
            Assert.Equal(ResultStatus.Accepted, result.Status);
            Assert.Equal(
                1L,
                await _cluster.ScalarAsync<long>(
                    $"""
                    SELECT count(*) FROM commands c JOIN orders o ON (o.shard, o.sequence) = (c.shard, c.sequence)
                    WHERE c.request_id = '{command.RequestId}'
                        AND c.shard = {command.Shard} AND c.sequence = {result.Sequence} AND c.epoch = {result.Epoch}
                        AND o.order_hash = decode('{command.Hash[2..]}', 'hex')
                        AND o.order_id = ({command.Shard}::bigint << 48) + {result.Sequence}
                    """
                )
            );
        }

        Assert.Equal(answered.Count, (int)await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        await ShardedCluster.AssertSoundAsync(_cluster, _client.Router);
        for (var trader = 1; trader <= Funded; trader++)
        {
            var (owned, held) = await ShardedCluster.SumAsync(_cluster, trader);
            Assert.True(owned == Micros.Sum() && held <= owned, $"trader {trader} owns {owned} and reserves {held}");
        }
    }

    [Fact]
    public async Task ANodeWithAnotherNumberOfShards_RefusesToStart_AndSaysWhy()
    {
        await using var node = new NodeProcess("n1", _cluster.With("SHARDS", "2"));
        await node.EndedAsync(Eventually.Patience);
        Assert.Equal(SettingException.ExitCode, node.ExitCode);
        Assert.Contains("SHARDS is 2, but the database was set up with 3", node.Output);
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM leadership"));
    }

    private async Task<string> LeaderOf(int shard) => (await _client.Leaders.FindAsync(LeasedResources.MatchingOf(shard)))?.NodeId ?? "";

    private async Task<IReadOnlyList<string>> LeadersAsync() =>
        await Task.WhenAll(Enumerable.Range(0, ShardedCluster.Shards).Select(LeaderOf)) is var leaders && leaders.Contains("")
            ? [""]
            : leaders;

    private static Task AcknowledgedAsync(ConcurrentQueue<(PlaceOrder Command, CommandResult)> answered, int more)
    {
        int[] Count() => [.. Enumerable.Range(0, ShardedCluster.Shards).Select(shard => answered.Count(one => one.Command.Shard == shard))];
        var goal = Count().Select(count => count + more).ToArray();
        return Eventually.TrueAsync(
            $"{more} more orders of each shard are acknowledged",
            Eventually.Patience,
            () => Count().Zip(goal).All(pair => pair.First >= pair.Second)
        );
    }

    private async Task SendAsync(int sender, ConcurrentQueue<(PlaceOrder, CommandResult)> answered, CancellationToken ending)
    {
        while (!ending.IsCancellationRequested)
        {
            var command = _traders.Place(
                (sender % Funded) + 1,
                (sender % ShardedCluster.Shards) + 1,
                4_990 + (sender * 3),
                lots: 5,
                outcome: sender / ShardedCluster.Shards
            );
            answered.Enqueue((command, await _client.Router.SendAsync(command, CancellationToken.None)));
        }
    }
}
