using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.ChainFollowing;

[Collection(ChainCollection.Name)]
public sealed class UnconfirmedWatcherTests(ChainFixture fixture)
{
    private static readonly BigInteger Usdc = 1_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnOrderWithoutMoneyBehindIt_IsCancelledAtTheBlock_AndNoNewOneIsTaken(bool revokes)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (eve, usdc) = (await venue.AddWalletAsync(usdc: 100, shares: 0), venue.Venue.Deployment.Usdc);
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(eve, isBuy: true, 5_000, 10_000);
        Assert.Equal("open", order.Result.OrderStatus);

        await venue.SendAsync(
            eve,
            usdc,
            revokes
                ? UsdcContract.Approve(venue.Venue.Deployment.Factory, 0)
                : UsdcContract.Transfer(venue.Venue.Operator.Key.Address, 99 * Usdc)
        );
        await venue.Venue.FollowAsync();
        Assert.Equal(("cancelled", "unfunded", 0L), await venue.StateOfAsync(order));
        Assert.Equal(ProblemCodes.InsufficientBalance, (await venue.PlaceAsync(eve, isBuy: true, 5_000, 10_000)).Result.Code);

        await venue.ConfirmAsync();
        Assert.Equal(revokes ? 0 : 1_000_000, await venue.OwnedUsdcAsync(eve));
        Assert.Equal(0L, await venue.Venue.ScalarAsync<long>("SELECT count(*) FROM unconfirmed_decreases"));
    }

    [Fact]
    public async Task ADrainThatIsUndone_LeavesTheOrderCancelled_AndTheMoneyIsThereAgainWhenThatIsConfirmed()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var eve = await venue.AddWalletAsync(usdc: 100, shares: 0);
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(eve, isBuy: true, 5_000, 10_000);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.SendAsync(eve, venue.Venue.Deployment.Usdc, UsdcContract.Transfer(venue.Venue.Operator.Key.Address, 99 * Usdc));
        await venue.Venue.FollowAsync();
        Assert.Equal(1_000_000, await venue.OwnedUsdcAsync(eve));

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await venue.MineAsync();
        Assert.Equal(1_000_000, await venue.OwnedUsdcAsync(eve));
        await venue.ConfirmAsync();
        Assert.Equal(100_000_000, await venue.OwnedUsdcAsync(eve));
        Assert.Equal("cancelled", (await venue.StateOfAsync(order)).Status);
        Assert.Equal("open", (await venue.PlaceAsync(eve, isBuy: true, 5_000, 10_000)).Result.OrderStatus);
    }

    [Fact]
    public async Task WhatAnAccountsOwnTradesTake_IsNoDrain_AndItsOtherOrdersStay()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddWalletAsync(usdc: 100, shares: 0), await venue.AddWalletAsync(usdc: 0, shares: 100));
        await venue.ConfirmAsync();
        await venue.PlaceAsync(bob, isBuy: false, 6_000, 5_000);
        var taken = await venue.PlaceAsync(alice, isBuy: true, 6_000, 5_000);
        // These orders use all remaining funds, so that one unit less would cancel them.
        var bid = await venue.PlaceAsync(alice, isBuy: true, 7_000, 10_000);
        var ask = await venue.PlaceAsync(bob, isBuy: false, 9_000, 5_000);
        Assert.Equal(("filled", "open", "open"), (taken.Result.OrderStatus, bid.Result.OrderStatus, ask.Result.OrderStatus));

        await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        for (var block = 0; block < 4; block++)
        {
            await venue.Venue.FollowAsync();
            await fixture.MineAsync();
        }

        await venue.Venue.FollowAsync();
        Assert.Equal("final", (await venue.Venue.StateOfAsync(taken.TradeId)).State);
        Assert.Equal(("open", "open"), ((await venue.StateOfAsync(bid)).Status, (await venue.StateOfAsync(ask)).Status));
        Assert.Equal(70_000_000, await venue.OwnedUsdcAsync(alice));
        Assert.Equal(30_000_000, await venue.OwnedUsdcAsync(bob));
    }

    [Fact]
    public async Task AFillPastTheRelayer_MakesTheOrderSmallerAtTheBlock_BesideWhatWasMatchedHere()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddWalletAsync(), await venue.AddWalletAsync());
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(venue.Sign(alice, isBuy: false, 6_000, 500, expiry: EscapeMode.Expiry()));
        var matched = await venue.PlaceAsync(bob, isBuy: true, 6_000, 100);
        await FillDirectlyAsync(50);
        await venue.Venue.FollowAsync();
        Assert.Equal(("partially_filled", null, 50L), await venue.StateOfAsync(order));

        // Our trade settles, and another fill bypasses us: each must count once, by whichever way it came.
        await venue.Venue.SettleAllAsync();
        await FillDirectlyAsync(150);
        await venue.Venue.FollowAsync();
        Assert.Equal(("partially_filled", null, 200L), await venue.StateOfAsync(order));
        await venue.ConfirmAsync();
        Assert.Equal(("partially_filled", null, 200L), await venue.StateOfAsync(order));
        Assert.Equal("final", (await venue.Venue.StateOfAsync(matched.TradeId)).State);

        await FillDirectlyAsync(200);
        await venue.Venue.FollowAsync();
        Assert.Equal(("cancelled", "filled_on_chain", 400L), await venue.StateOfAsync(order));
        await venue.ConfirmAsync();
        Assert.Equal(0, await venue.HeldAsync());

        Task FillDirectlyAsync(long lots) => venue.Venue.FillPastTheRelayerAsync(bob.Key, order.Message, order.Signature, lots);
    }

    [Fact]
    public async Task ASaltCancelledOnChain_TakesTheOrderOffTheBookAtTheBlock_AndOfStrangersNobodyIsTold()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var alice = await venue.AddWalletAsync();
        await venue.ConfirmAsync();
        var (order, other) = (
            await venue.PlaceAsync(alice, isBuy: true, 5_000, 100),
            await venue.PlaceAsync(alice, isBuy: true, 5_000, 100)
        );
        await venue.SendAsync(alice, venue.Venue.MarketAddress, ContractArtifact.Market.Encode("cancelSalt", order.Message.Salt));
        await venue.Venue.FollowAsync();
        Assert.Equal(("cancelled", "requested", 0L), await venue.StateOfAsync(order));
        Assert.Equal("open", (await venue.StateOfAsync(other)).Status);
        await venue.ConfirmAsync();
        Assert.Equal("open", (await venue.StateOfAsync(other)).Status);
    }

    [Fact]
    public async Task APauseOnChain_IsObeyedAtTheBlock_AndItsEndWhenItIsConfirmed()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var (alice, market) = (await venue.AddWalletAsync(), venue.Venue.MarketAddress);
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(alice, isBuy: true, 5_000, 100);
        await venue.Venue.SendAsync(venue.Venue.Operator.Key, market, ContractArtifact.Market.Encode("pause"));
        await venue.Venue.FollowAsync();
        Assert.Equal(1, await venue.MarketStateAsync());
        Assert.Equal(ProblemCodes.MarketPaused, (await venue.PlaceAsync(alice, isBuy: true, 5_000, 100)).Result.Code);

        await venue.ConfirmAsync();
        await venue.Venue.SendAsync(venue.Venue.Operator.Key, market, ContractArtifact.Market.Encode("unpause"));
        await venue.Venue.FollowAsync();
        Assert.Equal(1, await venue.MarketStateAsync());
        await venue.ConfirmAsync();
        Assert.Equal(0, await venue.MarketStateAsync());
        Assert.Equal("open", (await venue.StateOfAsync(order)).Status);
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 2)]
    public async Task ADecisionOnChain_PausesTheMarketAtTheBlock_AndEndsItWhenItIsConfirmed(bool resolves, short state)
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var alice = await venue.AddWalletAsync();
        await venue.ConfirmAsync();
        var order = await venue.PlaceAsync(alice, isBuy: true, 5_000, 100);
        await venue.Venue.SendAsync(
            venue.Venue.Operator.Key,
            venue.Venue.MarketAddress,
            resolves ? ContractArtifact.Market.Encode("resolve", 1) : ContractArtifact.Market.Encode("invalidate")
        );
        await venue.Venue.FollowAsync();
        Assert.Equal((1, "open"), (await venue.MarketStateAsync(), (await venue.StateOfAsync(order)).Status));
        await venue.ConfirmAsync();
        Assert.Equal((state, "cancelled"), (await venue.MarketStateAsync(), (await venue.StateOfAsync(order)).Status));
        Assert.Equal(0, await venue.HeldAsync());
        await venue.MineAsync();
    }

    [Fact]
    public async Task APauseThatIsUndone_EndsHereToo()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        await venue.ConfirmAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.Venue.SendAsync(venue.Venue.Operator.Key, venue.Venue.MarketAddress, ContractArtifact.Market.Encode("pause"));
        await venue.Venue.FollowAsync();
        Assert.Equal(1, await venue.MarketStateAsync());
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await venue.MineAsync();
        Assert.Equal(0, await venue.MarketStateAsync());
    }

    [Fact]
    public async Task DepositsCountWhenTheyAreConfirmed_AndWithdrawalsAtTheBlock()
    {
        await using var venue = await LiveVenue.CreateAsync(fixture);
        var alice = await venue.AddWalletAsync(usdc: 100, shares: 0);
        await venue.ConfirmAsync();
        Assert.Equal(100_000_000, await venue.OwnedUsdcAsync(alice));
        await venue.Venue.SendAsync(venue.Venue.Operator.Key, venue.Venue.Deployment.Usdc, UsdcContract.Mint(alice.Account, 50 * Usdc));
        await venue.Venue.FollowAsync();
        Assert.Equal(100_000_000, await venue.OwnedUsdcAsync(alice));
        await venue.ConfirmAsync();
        Assert.Equal(150_000_000, await venue.OwnedUsdcAsync(alice));
        await venue.SendAsync(alice, venue.Venue.Deployment.Usdc, UsdcContract.Transfer(venue.Venue.Operator.Key.Address, 120 * Usdc));
        await venue.Venue.FollowAsync();
        Assert.Equal(30_000_000, await venue.OwnedUsdcAsync(alice));
        await venue.ConfirmAsync();
        Assert.Equal(30_000_000, await venue.OwnedUsdcAsync(alice));
    }
}
