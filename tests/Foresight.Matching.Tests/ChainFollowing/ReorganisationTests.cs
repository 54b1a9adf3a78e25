using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.ChainFollowing;

[Collection(ChainCollection.Name)]
public sealed class ReorganisationTests(ChainFixture fixture)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public async Task AReorganisation_TakesTradesBackToBroadcast_AndTheySettleOnceMore_OnceOnChain(int depth)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await fixture.MineAsync(12);
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(alice, bob);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        var submitter = venue.NewSubmitter();
        await fixture.AutomineAsync(false);
        await venue.StepAsync(submitter);
        for (var i = 0; i < depth; i++)
        {
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            await venue.FollowAsync();
        }

        // Deeper than the confirmations the trade had been final, so the engine had the settlement.
        Assert.Equal(depth > 2 ? "final" : "mined", (await venue.StateOfAsync(trade)).State);

        // A chain without the transaction that grows longer than the first, so that the node switches to it.
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(depth + 1);
        Assert.Equal(0, await venue.TimesSettledAsync(trade));
        await venue.FollowAsync();
        await venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);

        for (var i = 0; i < 5; i++)
        {
            await venue.StepAsync(submitter);
            await fixture.MineAsync();
            await venue.FollowAsync();
        }

        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(1, await venue.TimesSettledAsync(trade));
        Assert.Equal(100_100, await venue.SharesAsync(alice));
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task AfterManyBlocksInOneStep_AReorganisationIsFollowedBackToWhereItBegan()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(100);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        var common = await venue.Client.BlockNumberAsync();
        await fixture.MineAsync(5);
        await venue.FollowAsync();
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(6);
        Assert.True(await venue.NewFollower().StepAsync(await venue.Client.BlockNumberAsync(), CancellationToken.None));
        var cursor = await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = $1", ChainCursors.Follower);
        Assert.Equal(common, cursor);
    }

    [Fact]
    public async Task AReorganisationBeyondFinality_Halts_UntilAnOperatorHasAllowedThatOne()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await fixture.MineAsync(venue.Options.FinalityBlocks + 10);
        await venue.FollowAsync();
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(venue.Options.FinalityBlocks + 20);
        var halted = await Assert.ThrowsAsync<SettlementHaltedException>(() => venue.FollowAsync());
        Assert.Contains("verify the chain, then resume it", halted.Message);
        var cursor = await venue.ScalarAsync<byte[]>("SELECT block_hash FROM chain_cursors WHERE name = $1", ChainCursors.Follower);
        Assert.Equal(cursor, halted.Undone.ToBytes());

        await venue.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, allowed_block)
            VALUES ('n', 1, 1, 1, 1, $1)
            """,
            new byte[32]
        );
        await Assert.ThrowsAsync<SettlementHaltedException>(() => venue.FollowAsync());
        await venue.ExecuteAsync("UPDATE settlement_status SET allowed_block = $1", cursor);
        await venue.FollowAsync();
        var (number, hash) = (
            await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = $1", ChainCursors.Follower),
            await venue.ScalarAsync<byte[]>("SELECT block_hash FROM chain_cursors WHERE name = $1", ChainCursors.Follower)
        );
        Assert.Equal((await venue.Client.GetBlockAsync(number))!.Hash.ToBytes(), hash);
    }
}
