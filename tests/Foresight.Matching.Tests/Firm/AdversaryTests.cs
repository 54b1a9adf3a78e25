using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.Firm;

/// <summary>
/// The rest of the promise's adversaries, each between the match and its settlement: the ways out, reorganisations, and what may happen to
/// settler, leader and follower. The trade needs all that its makers have left, so that anything that got away would be missed.
/// </summary>
[Trait("Category", "Firm")]
public sealed class AdversaryTests(ChainFixture fixture) : IClassFixture<ChainFixture>
{
    private const int Ticks = 5_000;
    private const long Micro = 1_000_000;

    /// <summary>600 USDC at <see cref="Ticks"/>.</summary>
    private const long Lots = 120_000;

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    public enum WayOut
    {
        CoSigned,
        RequestLongAgo,
        RequestAndCancelAndRequest,
        SharesTransferred,
        OtherKeyRegistered,
    }

    public enum Step
    {
        BeforeSigning,
        AfterSigning,
        AfterBroadcast,
        AfterMined,
        AfterRecorded,
    }

    [Theory]
    [InlineData(WayOut.CoSigned)]
    [InlineData(WayOut.RequestLongAgo)]
    [InlineData(WayOut.RequestAndCancelAndRequest)]
    [InlineData(WayOut.SharesTransferred)]
    [InlineData(WayOut.OtherKeyRegistered)]
    public async Task FirmTrade_Settles_WhateverWayOutIsTakenInItsBlock(WayOut way)
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = await MakersAsync(venue, usdc: way is WayOut.CoSigned or WayOut.RequestLongAgo ? 1_000 : 600);
        byte[]? payment = null;
        if (way == WayOut.CoSigned)
            payment = await venue.CoSignedAsync(eve, 400 * Micro);
        else if (way == WayOut.RequestLongAgo)
        {
            await venue.Live.SendAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, 400 * Micro));
            await PassAsync(FirmVenue.Delay.Blocks, FirmVenue.Delay.Seconds);
            await venue.Live.ConfirmAsync();
        }

        var trade = await MatchAsync(venue, eve, bob);
        var submitter = await BroadcastAsync(venue, trade);
        byte[][] acts = way switch
        {
            WayOut.CoSigned => [payment!, payment!, RequestAll(VaultContract.Usdc)],
            WayOut.RequestLongAgo =>
            [
                VaultContract.Finish(VaultContract.Usdc, eve.Account),
                RequestAll(VaultContract.Usdc),
                VaultContract.Finish(VaultContract.Usdc, eve.Account),
            ],
            WayOut.RequestAndCancelAndRequest =>
            [
                RequestAll(VaultContract.Usdc),
                VaultContract.CancelWithdrawal(VaultContract.Usdc),
                RequestAll(VaultContract.Usdc),
                VaultContract.Finish(VaultContract.Usdc, eve.Account),
            ],
            WayOut.OtherKeyRegistered => [VaultContract.RegisterSigningKey(venue.Venue.Operator.Key.Address)],
            _ => [],
        };
        foreach (var act in acts)
            await venue.Live.SendFirstAsync(eve, venue.Vault, act);
        if (way == WayOut.SharesTransferred)
            await LeaveWithSharesAsync(venue, bob);

        await RequireSettlesAsync(venue, submitter, trade);
        Assert.Equal((way is WayOut.CoSigned or WayOut.RequestLongAgo ? 1_400 : 600) * Micro, (long)await venue.WealthAsync(eve));
    }

    /// <summary>Each leaves the next settler with something else: nothing, signed bytes, bytes in the pool, or a block.</summary>
    [Theory]
    [InlineData(Step.BeforeSigning)]
    [InlineData(Step.AfterSigning)]
    [InlineData(Step.AfterBroadcast)]
    [InlineData(Step.AfterMined)]
    [InlineData(Step.AfterRecorded)]
    public async Task FirmTrade_Settles_AtWhateverStepTheSettlerIsKilled(Step step)
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = await MakersAsync(venue, usdc: 600);
        var trade = await MatchAsync(venue, eve, bob);

        await fixture.AutomineAsync(false);
        if (step >= Step.AfterMined)
        {
            await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
            await fixture.MineAsync();
        }

        if (step == Step.AfterRecorded)
            await venue.Venue.StepAsync(venue.Venue.NewSubmitter());
        var (method, after) = step switch
        {
            Step.BeforeSigning => ("eth_feeHistory", false),
            Step.AfterSigning => ("eth_sendRawTransaction", false),
            Step.AfterBroadcast => ("eth_sendRawTransaction", true),
            Step.AfterMined => ("eth_getTransactionReceipt", true),
            _ => ("eth_getBlockByNumber", true),
        };
        var killed = venue.Venue.NewSubmitter(new FaultyTransport(fixture.Transport, one => one == method, after));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.Venue.StepAsync(killed));
        Assert.Equal(
            step switch
            {
                Step.BeforeSigning => "matched",
                Step.AfterSigning or Step.AfterBroadcast => "batched",
                Step.AfterMined => "broadcast",
                _ => "mined",
            },
            (await venue.Venue.StateOfAsync(trade)).State
        );

        await venue.Venue.TakeTermAsync();
        await venue.Live.SendFirstAsync(eve, venue.Vault, RequestAll(VaultContract.Usdc));
        await LeaveWithSharesAsync(venue, bob);
        await RequireSettlesAsync(venue, venue.Venue.NewSubmitter(), trade);
    }

    [Fact]
    public async Task FirmTrade_Settles_UnderANewLeader_WhichTakesFirmOrdersByTheTermsOfTheJournal()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = await MakersAsync(venue, usdc: 1_200, shares: 2_400);
        var first = await MatchAsync(venue, eve, bob);
        await venue.Live.ReplaceLeaderAsync();

        var second = await MatchAsync(venue, eve, bob);
        var epochs = await venue.Venue.ScalarAsync<long[]>("SELECT array_agg(epoch ORDER BY trade_id) FROM trades");
        Assert.True(epochs[1] > epochs[0]);
        var submitter = await BroadcastAsync(venue, first);
        await venue.Live.SendFirstAsync(eve, venue.Vault, RequestAll(VaultContract.Usdc));
        await RequireSettlesAsync(venue, submitter, first, second);
    }

    /// <summary>What the follower has not seen is no reason to stop, until the terms end: the delay covers that.</summary>
    [Fact]
    public async Task FirmTrades_Settle_OnMoneyThatLeaves_WhileTheFollowerIsCutOff()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = await MakersAsync(venue, usdc: 600);
        var cutOff = venue.Venue.NewFollower(new FaultyTransport(fixture.Transport, _ => true));
        await venue.Live.SendAsync(eve, venue.Vault, RequestAll(VaultContract.Usdc));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.Venue.FollowAsync(cutOff));
        var trade = await MatchAsync(venue, eve, bob);

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        for (var block = 0; block < Options.Confirmations + 3; block++)
        {
            await venue.Venue.StepAsync(submitter);
            await fixture.MineAsync();
        }

        await RequireSettlesAsync(venue, submitter, trade);
        Assert.Equal(600 * Micro, (long)await venue.WealthAsync(eve));
    }

    [Fact]
    public async Task FirmTrade_Settles_WhenTheChainStalls_ForLessThanHalfOfTheDelay_PastItsOrdersExpiry()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = await MakersAsync(venue, usdc: 600);
        var head = (await venue.Venue.Client.GetBlockAsync(await venue.Venue.Client.BlockNumberAsync()))!.Timestamp;
        var expiry = Math.Max(head, DateTimeOffset.UtcNow.ToUnixTimeSeconds()) + 600;
        var trade = await MatchAsync(venue, eve, bob, expiry);
        var submitter = await BroadcastAsync(venue, trade);

        await fixture.RequestAsync("evm_increaseTime", expiry - head + FirmVenue.Delay.Seconds / 2 - 600);
        await venue.Live.SendFirstAsync(eve, venue.Vault, RequestAll(VaultContract.Usdc));
        await RequireSettlesAsync(venue, submitter, trade);
        var mined = await venue.Venue.ScalarAsync<long>("SELECT max(block_number) FROM settlement_batches");
        Assert.True((await venue.Venue.Client.GetBlockAsync(mined))!.Timestamp > expiry);
    }

    /// <summary>At the deepest that is repaired, in each of two branches another act comes first.</summary>
    [Fact]
    public async Task FirmTrade_Settles_Again_AfterAReorganisationToTheStatedDepth()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = await MakersAsync(venue, usdc: 600);
        await fixture.MineAsync(Options.FinalityBlocks);
        await venue.Venue.FollowAsync();
        var trade = await MatchAsync(venue, eve, bob);
        // The follower is behind the head by the confirmations, and the ancestor is the newest block that it had then.
        await fixture.MineAsync(Options.Confirmations);
        await venue.Venue.FollowAsync();
        var followed = await venue.Venue.ScalarAsync<long>("SELECT max(block_number) FROM chain_blocks");
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        var submitter = await BroadcastAsync(venue, trade);
        while (await venue.Venue.ScalarAsync<long>("SELECT max(block_number) FROM chain_blocks") < followed + Options.FinalityBlocks)
        {
            await fixture.MineAsync();
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
        }

        Assert.Equal(("final", 1), ((await venue.Venue.StateOfAsync(trade)).State, await venue.Venue.TimesSettledAsync(trade)));
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        Assert.Equal(0, await venue.Venue.TimesSettledAsync(trade));
        await venue.Live.SendFirstAsync(eve, venue.Vault, RequestAll(VaultContract.Usdc));
        await LeaveWithSharesAsync(venue, bob);
        await fixture.MineAsync(Options.FinalityBlocks + 4);
        for (var block = 0; block < 9; block++)
        {
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
            await fixture.MineAsync();
        }

        await RequireSettlesAsync(venue, submitter, trade);
    }

    private static byte[] RequestAll(BigInteger asset) => VaultContract.RequestWithdrawal(asset, OrderMessage.AmountPerLot * Lots * 10);

    /// <summary>Eve buys, bob sells; the vault has as much of theirs as their wallets.</summary>
    private static async Task<(Wallet Eve, Wallet Bob)> MakersAsync(FirmVenue venue, long usdc, long shares = 1_200)
    {
        var (eve, bob) = (await venue.AddAsync(usdc, shares: 0), await venue.AddAsync(usdc: 0, shares));
        await venue.Live.ConfirmAsync();
        return (eve, bob);
    }

    private static async Task<long> MatchAsync(FirmVenue venue, Wallet buyer, Wallet seller, long expiry = 0)
    {
        var bid = venue.Live.Sign(buyer, isBuy: true, Ticks, Lots, expiry: expiry);
        var timeInForce = expiry == 0 ? TimeInForce.GoodTilCancelled : TimeInForce.GoodTilDate;
        Assert.Equal("open", (await venue.Live.PlaceAsync(bid, (int)timeInForce, purse: PurseChoice.Vault)).Result.OrderStatus);
        var trade = (await venue.PlaceAsync(seller, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.True(await venue.IsFirmAsync(trade));
        return trade;
    }

    private async Task<Submitter> BroadcastAsync(FirmVenue venue, long trade)
    {
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        return submitter;
    }

    /// <summary>Out of the wallet at once, out of the vault by request; and nothing of either is approved any more.</summary>
    private static async Task LeaveWithSharesAsync(FirmVenue venue, Wallet seller)
    {
        var (live, at) = (venue.Live, venue.Venue.Deployment);
        var share = OutcomeTokenContract.IdOf(venue.Venue.MarketAddress, 0);
        await live.SendFirstAsync(seller, venue.Vault, RequestAll(share));
        await live.SendFirstAsync(seller, at.OutcomeToken, OutcomeTokenContract.SetApprovalForAll(at.Factory, false));
        await live.SendFirstAsync(
            seller,
            at.OutcomeToken,
            OutcomeTokenContract.Transfer(seller.Account, venue.Venue.Operator.Key.Address, share, OrderMessage.AmountPerLot * 100)
        );
    }

    private async Task PassAsync(long blocks, long seconds)
    {
        await fixture.MineAsync((int)blocks);
        await fixture.RequestAsync("evm_increaseTime", seconds);
        await fixture.MineAsync();
    }

    private static async Task RequireSettlesAsync(FirmVenue venue, Submitter submitter, params long[] trades)
    {
        foreach (var trade in trades)
        {
            Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
            Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
        }

        // What a co-signature paid is held until no reorganisation can undo that.
        await venue.Live.MineAsync(Options.FinalityBlocks);
        await venue.RequireLedgerIsChainAsync();
        Assert.Equal(0, await venue.Live.HeldAsync());
    }
}
