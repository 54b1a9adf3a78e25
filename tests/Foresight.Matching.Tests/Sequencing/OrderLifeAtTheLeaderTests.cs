using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Sequencing;

/// <summary>An Api node may let anything through, so the leader itself keeps orders within the life that the contracts promise.</summary>
[Trait("Category", "Trust")]
[Collection(StoresCollection.Name)]
public sealed class OrderLifeAtTheLeaderTests(StoresFixture stores) : IAsyncLifetime
{
    private readonly Traders _traders = new(seed: 41);
    private TestCluster _cluster = null!;
    private TestNode _node = null!;

    public async Task InitializeAsync()
    {
        _cluster = await TestCluster.CreateAsync(stores);
        _node = await TestNode.StartAsync("n1", _cluster);
        await _node.ActiveAsync();
        foreach (var trader in new[] { 1, 2 })
            await SendAsync(Traders.Fund(trader));
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task AnOrderThatWouldOutliveTheGuard_IsRefused_AndLeavesNoTrace()
    {
        var latest = await _cluster.ScalarAsync<long>("SELECT signed_at + life_seconds FROM order_life");
        var late = await SendAsync(Place(expiry: latest + 1));
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.ExpiryTooLate), (late.Status, late.Code));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal("open", (await SendAsync(Place(expiry: latest))).OrderStatus);
    }

    [Fact]
    public async Task WhileSettlementIsSilent_NothingIsTakenOrMatched_AndCancelsAndRetriesAreAnswered()
    {
        var resting = Place();
        var placed = await SendAsync(resting);
        await _cluster.ExecuteAsync("UPDATE signs_of_life SET signed_at = signed_at - 43210");

        var refused = await SendAsync(_traders.Place(2, 1, 0, isBuy: false, price: 4_000, lots: 10));
        Assert.Equal((ResultStatus.Rejected, ProblemCodes.SettlementSilent), (refused.Status, refused.Code));
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM trades"));
        var again = await SendAsync(resting);
        Assert.Equal((ResultStatus.Accepted, placed.Sequence), (again.Status, again.Sequence));

        await _cluster.ExecuteAsync("UPDATE signs_of_life SET signed_at = signed_at + 43210");
        Assert.Equal("open", (await SendAsync(Place())).OrderStatus);
        await _cluster.ExecuteAsync("DELETE FROM signs_of_life");
        Assert.Equal(ProblemCodes.SettlementSilent, (await SendAsync(Place())).Code);
        Assert.Equal([resting.Hash], (await SendAsync(Traders.CancelBySalt(1, 1, resting.Salt))).Cancelled);
    }

    [Fact]
    public async Task AChainWhoseClockIsAhead_MakesTheLeaderStricter()
    {
        await _cluster.ExecuteAsync(
            """
            INSERT INTO chain_cursors (name, block_number, block_hash, block_time)
            SELECT 'follower', 1, '\x00', signed_at + 43201 FROM signs_of_life
            """
        );
        Assert.Equal(ProblemCodes.SettlementSilent, (await SendAsync(Place())).Code);
    }

    [Fact]
    public async Task AnOrderWithoutAnExpiry_IsEndedAfterTheLongestLife_ByTheJournal_AlsoAfterATakeOver()
    {
        await _cluster.ExecuteAsync("UPDATE deployments SET longest_order_life_seconds = 4");
        await _cluster.ExecuteAsync("UPDATE signs_of_life SET signed_at = extract(epoch FROM clock_timestamp())::bigint + 60");
        Assert.Equal("open", (await SendAsync(Place())).OrderStatus);
        // The next term knows the end from the journal, not from the settings of that time.
        await _cluster.ExecuteAsync("UPDATE deployments SET longest_order_life_seconds = 86400");
        await _node.DisposeAsync();
        _node = await TestNode.StartAsync("n2", _cluster);
        await _node.ActiveAsync();

        await Eventually.TrueAsync(
            "the order ends",
            Eventually.Patience,
            async () => await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4 AND expiry = 0") == 1
        );
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT order_hold FROM balances WHERE account_id = 1 AND outcome = 255"));
    }

    [Fact]
    public async Task AnOrderThatIsAboutToExpire_IsRefused_AndLeavesNoTrace()
    {
        var commands = await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands");
        foreach (var left in new[] { 2, TestCluster.ExpiryMarginSeconds })
        {
            var refused = await SendAsync(Place(expiry: await NowAsync() + left));
            Assert.Equal((ResultStatus.Rejected, ProblemCodes.ExpiryTooSoon, 0L), (refused.Status, refused.Code, refused.Sequence));
        }

        Assert.Equal(ProblemCodes.OrderExpired, (await SendAsync(Place(expiry: await NowAsync() - 2))).Code);
        Assert.Equal(0L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders"));
        Assert.Equal(commands, await _cluster.ScalarAsync<long>("SELECT count(*) FROM commands"));
    }

    [Fact]
    public async Task AnOrderEndsTheMarginBeforeItsExpiry_WhateverTheSettingOfALaterLeader()
    {
        await _node.DisposeAsync();
        _node = await TestNode.StartAsync("n2", _cluster.With("SETTLEMENT_EXPIRY_MARGIN_S", "600"));
        await _node.ActiveAsync();
        // Ends in the engine in 3 seconds, and could be filled on chain for ten minutes more.
        Assert.Equal("open", (await SendAsync(Place(expiry: await NowAsync() + 603))).OrderStatus);
        await _node.DisposeAsync();
        _node = await TestNode.StartAsync("n3", _cluster.With("SETTLEMENT_EXPIRY_MARGIN_S", "0"));
        await _node.ActiveAsync();

        await Eventually.TrueAsync(
            "the order ends",
            Eventually.Patience,
            async () => await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE status = 4") == 1
        );
        Assert.Equal(1L, await _cluster.ScalarAsync<long>("SELECT count(*) FROM orders WHERE to_timestamp(expiry) > clock_timestamp()"));
        var meets = await SendAsync(_traders.Place(2, 1, 1, isBuy: true, price: 6_000, lots: 10));
        Assert.Equal(("open", 0L), (meets.OrderStatus, meets.FilledLots));
        var proof = await _node.ProofAsync();
        Assert.Equal(proof.StateHash, await _cluster.ReplayHashAsync(proof.Sequence));
    }

    private Task<long> NowAsync() => _cluster.ScalarAsync<long>("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint");

    private PlaceOrder Place(long expiry = 0) => _traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10, expiry: expiry);

    private Task<CommandResult> SendAsync(LeaderCommand command) => _node.Router.SendAsync(command);
}
