using Foresight.Chain;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainFollowing.Allotment;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Sharding;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Foresight.Matching.Tests.ChainFollowing.Allotment;

[Collection(StoresCollection.Name)]
public sealed class AllotterTests(StoresFixture stores) : IAsyncLifetime
{
    private const int Trader = 7;

    private static readonly Deployment Deployment = new(
        31337,
        default,
        Address.Zero,
        Address.Zero,
        Address.Zero,
        0,
        1,
        BlockOffset: 0,
        TimeSpan.FromDays(1),
        []
    );

    private readonly Traders _traders = new(seed: 421);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;
    private Allotter _allotter = null!;

    public async Task InitializeAsync()
    {
        _cluster = await ShardedCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster);
        await Eventually.TrueAsync(
            "all shards are led and their markets listed",
            Eventually.Patience,
            async () =>
                await _cluster.ScalarAsync<long>("SELECT count(*) FROM markets WHERE listed_sequence IS NOT NULL") == ShardedCluster.Shards
        );
        _allotter = await NewAllotterAsync(_node.Router.SendAsync);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task WhatTheChainSays_IsDivided_AndNoShardTakesMoreThanItsPart()
    {
        await ObserveAsync(300, block: 1);
        Assert.Equal((long[])[100, 100, 100], await PartsAsync());
        foreach (var market in new[] { 1, 2, 3 })
            Assert.Equal(ResultStatus.Accepted, (await _node.Router.SendAsync(_traders.Place(Trader, market, price: 10, lots: 10))).Status);
        foreach (var market in new[] { 1, 2, 3 })
            Assert.Equal(
                ProblemCodes.InsufficientBalance,
                (await _node.Router.SendAsync(_traders.Place(Trader, market, price: 1, lots: 1))).Code
            );
        Assert.Equal((300L, 300L), await ShardedCluster.SumAsync(_cluster, Trader));

        // Money leaves the wallet, so orders that it no longer covers are cancelled, in as few shards as possible.
        await ObserveAsync(220, block: 2);
        Assert.Equal((220L, 200L), await ShardedCluster.SumAsync(_cluster, Trader));
        await ObserveAsync(0, block: 3);
        Assert.Equal((0L, 0L), await ShardedCluster.SumAsync(_cluster, Trader));
        await ShardedCluster.AssertSoundAsync(_cluster, _node.Router);
    }

    [Fact]
    public async Task AnOrderThatItsShardCannotPay_IsPaidSoonAfter_FromWhatIsFreeElsewhere()
    {
        await ObserveAsync(300, block: 1);
        await _allotter.MoveAsync(1, CancellationToken.None);
        await _node.Router.SendAsync(_traders.Place(Trader, market: 1, price: 10, lots: 5));
        Assert.Equal(
            ProblemCodes.InsufficientBalance,
            (await _node.Router.SendAsync(_traders.Place(Trader, market: 2, price: 10, lots: 25))).Code
        );
        await Eventually.TrueAsync(
            "the money is where it is needed",
            Eventually.Patience,
            async () =>
            {
                await _allotter.MoveAsync(1, CancellationToken.None);
                return (await PartsAsync())[1] == 250;
            }
        );
        Assert.Equal(300, (await PartsAsync()).Sum());
        Assert.Equal(ResultStatus.Accepted, (await _node.Router.SendAsync(_traders.Place(Trader, market: 2, price: 10, lots: 25))).Status);
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE market_id = 1 AND status = 0"));
        Assert.Equal((300L, 300L), await ShardedCluster.SumAsync(_cluster, Trader));
        await ShardedCluster.AssertSoundAsync(_cluster, _node.Router);
    }

    /// <summary>Anybody can sign orders with new keys: they must grow neither tables nor the memory of leaders.</summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task AStrangersOrder_LeavesNoTrace_InAnyShard()
    {
        await ObserveAsync(300, block: 1);
        var commands = await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind = 3");
        foreach (var market in new[] { 1, 2, 3 })
        {
            var refused = await _node.Router.SendAsync(_traders.Place(Trader + 1, market, price: 10, lots: 5));
            Assert.Equal((ProblemCodes.InsufficientBalance, 0L), (refused.Code, refused.Sequence));
        }

        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM accounts"));
        Assert.Equal(commands, await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands WHERE kind = 3"));
    }

    [Fact]
    public async Task AMove_NeverCancelsAnOrder_ThatCameWhileItWasDecided()
    {
        await ObserveAsync(200, block: 1);
        // The change is decided while 60 are free in shard 0, but an order holds 50 of them when the shard receives it.
        var store = new AllotmentStore(_cluster.Database, new SettlementJournal(_cluster.Database));
        var term = await TakeTermAsync();
        await store.OpenAsync(term, [new NewChange(Account, Shard: 0, Units: -60, Block: 1, MoveTo: 2)], CancellationToken.None);
        await _node.Router.SendAsync(_traders.Place(Trader, market: 1, price: 10, lots: 5));
        await New(term, _node.Router.SendAsync).FinishAsync(CancellationToken.None);
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 3"));
        Assert.Equal(200, (await PartsAsync()).Sum());
        Assert.Equal(50, (await PartsAsync())[0]);
    }

    [Fact]
    public async Task WhateverIsLostOnTheWay_ChangesAreAppliedOnce_AndTheSumNeverExceedsWhatTheChainSays()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var chain = 0L;
        for (var round = 1; round <= 12; round++)
        {
            var before = chain;
            chain = random.Next(5) == 0 ? 0 : random.NextInt64(1, 1_000);
            var most = Math.Max(before, chain);
            // Interrupted at random points, before or after the shards received it, because the next term must be able to
            // continue from any.
            for (var cuts = random.Next(3); cuts > 0; cuts--)
            {
                var cut = await NewAllotterAsync((commands, cancellationToken) => CutAsync(random, commands, cancellationToken));
                await Record.ExceptionAsync(() => ObserveAsync(cut, chain, round));
                Assert.True((await PartsAsync()).Sum() <= most, $"seed {seed}, round {round}");
            }

            var whole = await NewAllotterAsync(_node.Router.SendAsync);
            await whole.FinishAsync(CancellationToken.None);
            await ObserveAsync(whole, chain, round);
            Assert.True(
                (await PartsAsync()).Sum() == chain,
                $"seed {seed}, round {round}: {string.Join('+', await PartsAsync())} is not {chain}"
            );
            await _node.Router.SendAsync([
                .. Enumerable.Range(0, 6).Select(_ => _traders.Place(Trader, random.Next(1, 4), random.Next(1, 40), random.Next(1, 10))),
            ]);
        }

        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM allotment_changes"));
        await ShardedCluster.AssertSoundAsync(_cluster, _node.Router);
    }

    [Fact]
    public async Task ATermThatIsOver_DecidesNothing()
    {
        var old = await NewAllotterAsync(_node.Router.SendAsync);
        await TakeTermAsync();
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ObserveAsync(old, 300, block: 1));
        Assert.True(Fence.Refused(refused));
        Assert.Equal(0, (await PartsAsync()).Sum());
    }

    private static Address Account => Address.Parse(Traders.Address(Trader));

    private async Task<IReadOnlyList<CommandResult>> CutAsync(
        Random random,
        IReadOnlyList<LeaderCommand> commands,
        CancellationToken cancellationToken
    )
    {
        await _node.Router.SendAsync([.. commands.Where(_ => random.Next(2) == 0)], cancellationToken);
        return [.. commands.Select(command => new CommandResult(command.RequestId, ResultStatus.InDoubt))];
    }

    private Task ObserveAsync(long micros, long block) => ObserveAsync(_allotter, micros, block);

    private static Task ObserveAsync(Allotter by, long micros, long block) =>
        by.ObserveAsync([new ChainHolding(Account, null, 0, micros)], block, CancellationToken.None);

    private async Task<long[]> PartsAsync()
    {
        var parts = await new AllotmentStore(_cluster.Database, new SettlementJournal(_cluster.Database)).ReadPartsAsync(
            [Account],
            ShardedCluster.Shards,
            CancellationToken.None
        );
        return parts.TryGetValue(Account, out var known) ? [.. known.Select(part => part.Owned)] : new long[ShardedCluster.Shards];
    }

    private async Task<Allotter> NewAllotterAsync(SendToLeader send) => New(await TakeTermAsync(), send);

    private Allotter New(Term term, SendToLeader send) =>
        new(
            term,
            new AllotmentStore(_cluster.Database, new SettlementJournal(_cluster.Database)),
            new LeaderClient(send, Deployment, new SettlementOptions(), TimeProvider.System, NullLogger.Instance),
            ShardedCluster.Shards,
            TimeProvider.System,
            NullLogger.Instance
        );

    private Task<Term> TakeTermAsync() => TestTerms.TakeAsync(_cluster.Database, LeasedResources.Settlement);
}
