using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.ChainFollowing;

[Collection(ChainCollection.Name)]
public sealed class UndoneTradeTests(ChainFixture fixture)
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(10)]
    public async Task ATradeThatSpendsWhatWasUndone_WaitsUntilItIsThereAgain_AndNobodyIsBlamed(int depth)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (alice, bob, carol) = (
            await venue.AddWalletAsync(usdc: 1_000, shares: 0),
            await venue.AddWalletAsync(usdc: 0, shares: 100),
            await venue.AddWalletAsync(shares: 0)
        );
        await fixture.MineAsync(12);
        await venue.Venue.FollowAsync();
        await venue.PlaceAsync(bob, isBuy: false, 5_000, 1_000);
        var first = (await venue.PlaceAsync(alice, isBuy: true, 5_000, 1_000)).TradeId;
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        for (var i = 0; i < depth; i++)
        {
            await fixture.MineAsync();
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
        }

        Assert.Equal("final", (await venue.Venue.StateOfAsync(first)).State);
        await venue.PlaceAsync(carol, isBuy: true, 6_000, 1_000);
        var second = (await venue.PlaceAsync(alice, isBuy: false, 6_000, 1_000)).TradeId;

        // A chain without the transaction, at once longer than the first, so that the submitter meets it before the follower does.
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(depth + 4);
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("matched", (await venue.Venue.StateOfAsync(second)).State);
        await venue.Venue.FollowAsync();
        for (var i = 0; i < 9; i++)
        {
            await venue.Venue.StepAsync(submitter);
            await fixture.MineAsync();
            await venue.Venue.FollowAsync();
        }

        foreach (var trade in new[] { first, second })
            Assert.Equal(("final", 1), ((await venue.Venue.StateOfAsync(trade)).State, await venue.Venue.TimesSettledAsync(trade)));
        Assert.Equal((0L, 0L), (await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM strikes"), await venue.HeldAsync()));
        Assert.Equal(1_000_000_000 - 5_000_000 + 6_000_000, await venue.OwnedUsdcAsync(alice));
    }

    [Fact]
    public async Task ABatchThatMovedToAnotherBlock_LeavesWhatTheFollowerCalledFinal()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(alice, bob);
        var submitter = await MineAndUndoAsync(venue, attack: null);
        Assert.Equal("mined", (await venue.StateOfAsync(trade)).State);

        // The same bytes in another block, which the follower reads first.
        await venue.Client.SendRawTransactionAsync(await venue.ScalarAsync<byte[]>("SELECT raw_tx FROM settlement_batches"));
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
            await venue.StepAsync(submitter);
        }

        Assert.Equal("final", await venue.ScalarAsync<string>("SELECT state FROM settlement_batches"));
    }

    [Fact]
    public async Task AFailureInABlockThatWasReplaced_IsNotBust_AndTheTradeSettles()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(usdc: 100), await venue.AddTraderAsync());
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(alice, bob);
        var submitter = await MineAndUndoAsync(venue, alice);
        Assert.Equal("failed", (await venue.StateOfAsync(trade)).State);

        // The follower passes that height before the submitter looks again, and has the batch in no block there.
        await fixture.MineAsync(4);
        await venue.FollowAsync();
        Assert.Empty(venue.Leader.Bust);
        for (var i = 0; i < 4; i++)
        {
            await venue.StepAsync(submitter);
            await fixture.MineAsync();
        }

        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Empty(venue.Leader.Bust);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
    }

    [Fact]
    public async Task AStrikeWhoseBlockIsUndone_IsForgotten()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(usdc: 100), await venue.AddTraderAsync());
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(alice, bob);
        await MineAndUndoAsync(venue, alice, followed: true);
        await fixture.MineAsync(6);
        await venue.FollowAsync();
        Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
    }

    private async Task<Submitter> MineAndUndoAsync(Venue venue, TestTrader? attack, bool followed = false)
    {
        await fixture.AutomineAsync(false);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        if (attack is not null)
            await venue.Client.SendTransactionAsync(
                new Eip1559Transaction
                {
                    ChainId = venue.Deployment.ChainId,
                    Nonce = await venue.Client.GetTransactionCountAsync(attack.Address, BlockRef.Pending),
                    To = venue.Deployment.Usdc,
                    GasLimit = 300_000,
                    MaxFeePerGas = 500 * SettlementOptions.Gwei,
                    MaxPriorityFeePerGas = 100 * SettlementOptions.Gwei,
                    Data = UsdcContract.Transfer(venue.Operator.Key.Address, new BigInteger(100_000_000)),
                }.Sign(attack.Key)
            );
        await fixture.MineAsync(followed ? 4 : 1);
        await venue.StepAsync(submitter);
        if (followed)
        {
            await venue.FollowAsync();
            Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM strikes"));
        }

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        return submitter;
    }
}
