using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>
/// What a reorganisation to SETTLEMENT_FINALITY_BLOCKS can take out of the vault without a delay is no money to trade with. In each test
/// the blocks are undone that gave the money, as deep as that is followed.
/// </summary>
[Trait("Category", "Firm")]
public sealed class FinalityTests(ChainFixture fixture) : IClassFixture<ChainFixture>
{
    private const int Ticks = 5_000;

    /// <summary>1,000 shares for 500 USDC.</summary>
    private const long Lots = 100_000;

    private const long Usdc = 1_000_000;

    private static readonly SettlementOptions Options = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        FinalityBlocks = 6,
    };

    [Fact]
    public async Task Deposit_IsNoMoneyToTradeWith_UntilItIsFinal_AndThenItIs()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 500, shares: 0);
        for (var block = 1; block < Options.Confirmations + Options.FinalityBlocks; block++)
        {
            await venue.Live.MineAsync();
            Assert.Equal(0, await venue.OwnedAsync(eve, Purse.Vault));
            // What merely waits is no discrepancy.
            if (block >= Options.Confirmations)
                await RequireLedgerIsChainNowAsync(venue);
        }

        await RequireRefusedAsync(venue, eve, isBuy: true);
        await venue.Live.MineAsync();
        Assert.Equal(500 * Usdc, await venue.OwnedAsync(eve, Purse.Vault));
        Assert.Equal("open", (await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots, PurseChoice.Vault)).Result.OrderStatus);
        await RequireLedgerIsChainNowAsync(venue);
    }

    [Fact]
    public async Task Deposit_ThatAReorganisationDrops_WasNeverTradedWith()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.Live.AddWalletAsync(usdc: 1_000, shares: 0);
        await venue.Live.SendAsync(eve, venue.Venue.Deployment.Usdc, UsdcContract.Approve(venue.Vault, 1_000 * Usdc));
        await venue.Live.ConfirmAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.Deposit(500 * Usdc));
        await venue.Live.MineAsync(Options.Confirmations + Options.FinalityBlocks - 1);
        await RequireRefusedAsync(venue, eve, isBuy: true);

        await UndoAsync(snapshot);
        // A chain that is shorter than before is a node that lags, until it is as long.
        await fixture.MineAsync(Options.FinalityBlocks + 4);
        await venue.Live.MineAsync(Options.FinalityBlocks + 4);
        Assert.Equal(0, await venue.OwnedAsync(eve, Purse.Vault));
        await RequireRefusedAsync(venue, eve, isBuy: true);
        await RequireLedgerIsChainNowAsync(venue);
    }

    /// <summary>The request's delay is over, so without the cancel its money leaves in the next block.</summary>
    [Fact]
    public async Task CancelOfAReadyRequest_ThatAReorganisationDrops_AndWhoseRequestIsFinished_WasNeverTradedWith()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var eve = await venue.AddAsync(usdc: 500, shares: 0);
        await venue.Live.ConfirmAsync();
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, 500 * Usdc));
        await venue.PassDelayAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.CancelWithdrawal(VaultContract.Usdc));
        await venue.Live.MineAsync(Options.Confirmations + Options.FinalityBlocks - 1);
        await RequireRefusedAsync(venue, eve, isBuy: true);

        await UndoAsync(snapshot);
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.Finish(VaultContract.Usdc, eve.Account));
        // A chain that is shorter than before is a node that lags, until it is as long.
        await fixture.MineAsync(Options.FinalityBlocks + 4);
        await venue.Live.MineAsync(Options.FinalityBlocks + 4);
        Assert.Equal(0, await venue.OwnedAsync(eve, Purse.Vault));
        Assert.Equal(1_000 * Usdc, (long)await venue.WealthAsync(eve));
        await RequireRefusedAsync(venue, eve, isBuy: true);
        await RequireLedgerIsChainNowAsync(venue);
    }

    /// <summary>Neither what it brought is tradeable before it is final, nor what it took before its failure is.</summary>
    [Fact]
    public async Task MixedTrade_ThatAReorganisationUndoes_AndThatFailsThen_GaveNothingToTradeWith()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob, trade, snapshot, submitter) = await SentMixedAsync(venue);
        var proceeds = new List<long>();
        WatchSettlements(venue, async () => proceeds.Add(await venue.OwnedAsync(bob, Purse.Vault)));
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal([0], proceeds);
        await RequireRefusedAsync(venue, bob, isBuy: true);
        await RequireLedgerIsChainNowAsync(venue);

        await UndoAsync(snapshot);
        await SpendAsync(venue, eve);
        await venue.Live.MineAsync(Options.FinalityBlocks + 4);
        // The shares are in the purse again, and our transaction may still take them.
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        await RequireRefusedAsync(venue, bob, isBuy: false);
        Assert.Equal("failed", await venue.EndOfAsync(submitter, trade));
        await venue.Live.MineAsync(Options.Confirmations);
        await RequireRefusedAsync(venue, bob, isBuy: false);
        await RequireLedgerIsChainNowAsync(venue);

        await venue.Live.ConfirmAsync();
        await RequireLedgerIsChainNowAsync(venue);
        Assert.Equal(0, await venue.Live.HeldAsync());
        Assert.Equal("open", (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).Result.OrderStatus);
    }

    [Fact]
    public async Task FailureOfAMixedTrade_ThatAReorganisationUndoes_ReleasedNothing_SoItSettles()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob, trade, snapshot, submitter) = await SentMixedAsync(venue);
        await SpendAsync(venue, eve);
        Assert.Equal("failed", await venue.EndOfAsync(submitter, trade));
        await venue.Live.MineAsync(Options.Confirmations);
        await RequireRefusedAsync(venue, bob, isBuy: false);

        await UndoAsync(snapshot);
        await fixture.MineAsync(Options.FinalityBlocks + 4);
        Assert.Equal("final", await EndAfterReorganisationAsync(venue, submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
        await venue.RequireLedgerIsChainAsync();
        Assert.Equal(0, await venue.Live.HeldAsync());
        Assert.Equal(Lots * Ticks, await venue.OwnedAsync(bob, Purse.Vault));
    }

    [Fact]
    public async Task ProceedsOfAFirmTrade_AreTradedWithAtOnce_AndSettle_AfterAReorganisationThatUndidBoth()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, Options);
        var (eve, bob) = (await venue.AddAsync(usdc: 500, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots, PurseChoice.Vault);
        var first = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        await venue.Live.MineAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("final", await venue.EndOfAsync(submitter, first));
        Assert.Equal(Lots * Ticks, await venue.OwnedAsync(bob, Purse.Vault));
        await venue.PlaceAsync(eve, isBuy: false, Ticks, Lots, PurseChoice.Vault);
        var second = (await venue.PlaceAsync(bob, isBuy: true, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.True(await venue.IsFirmAsync(second));
        await venue.Venue.StepAsync(submitter);

        await UndoAsync(snapshot);
        await fixture.MineAsync(Options.FinalityBlocks + 4);
        await venue.Venue.FollowAsync();
        // What the first trade paid is back on chain until it settles again, and is no money to trade with.
        await RequireRefusedAsync(venue, eve, isBuy: true);
        Assert.Equal("final", await EndAfterReorganisationAsync(venue, submitter, first));
        Assert.Equal("final", await EndAfterReorganisationAsync(venue, submitter, second));
        Assert.Equal((1, 1), (await venue.Venue.TimesSettledAsync(first), await venue.Venue.TimesSettledAsync(second)));
        await venue.RequireLedgerIsChainAsync();
        Assert.Equal(0, await venue.Live.HeldAsync());
    }

    /// <summary>A mixed trade in a transaction that is sent, and the moment before, to which the chain can go back.</summary>
    private async Task<(Wallet Eve, Wallet Bob, long Trade, string Snapshot, Submitter Submitter)> SentMixedAsync(FirmVenue venue)
    {
        var (eve, bob) = (await venue.AddAsync(usdc: 500, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var trade = await MixedAsync(venue, eve, bob);
        await venue.Live.MineAsync();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        return (eve, bob, trade, snapshot, submitter);
    }

    /// <summary>Before our transaction in the next block, so that it finds the wallet empty.</summary>
    private static Task SpendAsync(FirmVenue venue, Wallet eve) =>
        venue.Live.SendFirstAsync(eve, venue.Venue.Deployment.Usdc, UsdcContract.Transfer(venue.Venue.Operator.Key.Address, 500 * Usdc));

    /// <summary>Eve pays from her wallet, bob from the vault.</summary>
    private static async Task<long> MixedAsync(FirmVenue venue, Wallet eve, Wallet bob)
    {
        await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots, PurseChoice.Wallet);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.False(await venue.IsFirmAsync(trade));
        return trade;
    }

    private static async Task RequireRefusedAsync(FirmVenue venue, Wallet maker, bool isBuy) =>
        Assert.Equal(ProblemCodes.InsufficientBalance, (await venue.PlaceAsync(maker, isBuy, Ticks, Lots, PurseChoice.Vault)).Result.Code);

    private static async Task RequireLedgerIsChainNowAsync(FirmVenue venue)
    {
        var check = await venue.Live.CheckBalancesAsync();
        Assert.NotNull(check);
        Assert.Empty(check.Findings);
    }

    /// <summary>Between the settlement and the observation after it the engine has acknowledged the first alone.</summary>
    private static void WatchSettlements(FirmVenue venue, Func<Task> look)
    {
        var send = venue.Venue.Send!;
        venue.Venue.Send = async (commands, cancellationToken) =>
        {
            var results = await send(commands, cancellationToken);
            if (commands.OfType<SettleTrade>().Any())
                await look();
            return results;
        };
    }

    private async Task UndoAsync(string snapshot)
    {
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
    }

    private static async Task<string> EndAfterReorganisationAsync(FirmVenue venue, Submitter submitter, long trade)
    {
        for (var block = 0; block < 9; block++)
        {
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
            await venue.Venue.Fixture.MineAsync();
        }

        return await venue.EndOfAsync(submitter, trade);
    }
}
