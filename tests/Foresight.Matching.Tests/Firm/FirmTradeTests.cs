using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Matching.Engine;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Firm;

/// <summary>The promise, with the real engine, journal, settlement and contracts (docs/firm-money.md).</summary>
[Collection(VaultChainCollection.Name)]
[Trait("Category", "Firm")]
public sealed class FirmTradeTests(ChainFixture fixture)
{
    private const int Ticks = 5_000;
    private const long Lots = 1_000;

    public enum Act
    {
        None,
        WithdrawalRequested,
        WalletEmptied,
        ApprovalRevoked,
        SaltCancelled,
        AccountBlockedByTheIssuer,
        MarketPaused,
        DecisionAnnounced,
    }

    [Theory]
    [InlineData(Act.None)]
    [InlineData(Act.WithdrawalRequested)]
    [InlineData(Act.WalletEmptied)]
    [InlineData(Act.ApprovalRevoked)]
    [InlineData(Act.SaltCancelled)]
    [InlineData(Act.AccountBlockedByTheIssuer)]
    [InlineData(Act.MarketPaused)]
    [InlineData(Act.DecisionAnnounced)]
    public async Task FirmTrade_Settles_WhateverIsMinedBetweenMatchAndSettlement(Act act)
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var bid = await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots)).TradeId;
        Assert.True(await venue.IsFirmAsync(trade));

        // The roles are those of the key that settles, so their acts come before its transaction.
        if (act is Act.MarketPaused or Act.DecisionAnnounced)
        {
            await DoAsync(venue, act, eve, bid);
            await venue.Venue.FollowAsync();
        }

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        if (act is not (Act.MarketPaused or Act.DecisionAnnounced))
            await DoAsync(venue, act, eve, bid);

        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
        Assert.Equal(0, await venue.Live.HeldAsync());
        await venue.RequireLedgerIsChainAsync();
        Assert.Equal(Lots * Ticks, await venue.OwnedAsync(bob, Purse.Vault));
    }

    [Fact]
    public async Task FirmTrade_GoesFirst_HoweverManyOfWalletsWaitLonger()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, OneAtATime);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var soft = new[] { await TradeAsync(venue, eve, bob, PurseChoice.Wallet), await TradeAsync(venue, eve, bob, PurseChoice.Wallet) };
        var firm = await TradeAsync(venue, eve, bob, PurseChoice.Vault);

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(firm)).State);
        Assert.All(await Task.WhenAll(soft.Select(venue.Venue.StateOfAsync)), trade => Assert.Equal("matched", trade.State));
        Assert.Equal("final", await venue.EndOfAsync(submitter, firm));
        foreach (var trade in soft)
            Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
    }

    [Fact]
    public async Task FirmTradeOfAnAccountThatLeaves_GoesBeforeOlderOnes()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture, OneAtATime with { BatchTrades = 1 });
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        var (ann, dan) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var older = await TradeAsync(venue, eve, bob, PurseChoice.Vault);
        var ofLeaving = await TradeAsync(venue, ann, dan, PurseChoice.Vault);
        Assert.True(await venue.IsFirmAsync(older) && await venue.IsFirmAsync(ofLeaving));
        await venue.Live.SendAsync(ann, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, Micros(100)));
        await venue.Live.ConfirmAsync();

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(ofLeaving)).State);
        Assert.Equal("matched", (await venue.Venue.StateOfAsync(older)).State);
        Assert.Equal("final", await venue.EndOfAsync(submitter, ofLeaving));
        Assert.Equal("final", await venue.EndOfAsync(submitter, older));
    }

    [Fact]
    public async Task PausedMarket_HoldsTheTradesOfWallets_AndSettlesTheFirmOnesBesideThem()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var soft = await TradeAsync(venue, eve, bob, PurseChoice.Wallet);
        var firm = await TradeAsync(venue, eve, bob, PurseChoice.Vault);

        await DoAsync(venue, Act.MarketPaused, eve, null);
        await venue.Venue.FollowAsync();
        var submitter = venue.Venue.NewSubmitter();
        Assert.Equal("final", await venue.EndOfAsync(submitter, firm));
        Assert.Equal("matched", (await venue.Venue.StateOfAsync(soft)).State);
    }

    /// <summary>In the block in which a trade of a wallet has met the pause already.</summary>
    [Fact]
    public async Task PauseThatATradeOfAWalletHasMet_HoldsNoFirmTradeOfTheSameBlock()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var soft = await TradeAsync(venue, eve, bob, PurseChoice.Wallet);
        await DoAsync(venue, Act.MarketPaused, eve, null);
        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Contains("cannot settle", submitter.Trouble);
        Assert.Equal("matched", (await venue.Venue.StateOfAsync(soft)).State);

        var firm = await TradeAsync(venue, eve, bob, PurseChoice.Vault);
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(firm)).State);
        Assert.Equal("final", await venue.EndOfAsync(submitter, firm));
        Assert.Equal("matched", (await venue.Venue.StateOfAsync(soft)).State);
    }

    /// <summary>Only a fault of ours can take the money, here the market's own key: it is paged and tried again.</summary>
    [Fact]
    public async Task FirmTrade_ThatABlockRefuses_IsNotReleased_AndSettlesWhenItsMoneyIsBack()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        var trade = await TradeAsync(venue, eve, bob, PurseChoice.Vault);

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.Venue.StateOfAsync(trade)).State);
        await venue.AsMarketAsync(ContractArtifact.Vault.Encode("draw", eve.Account, BigInteger.Zero, Micros(1_000)));
        for (var block = 0; block < 2 * venue.Venue.Options.Confirmations + 2; block++)
        {
            await fixture.MineAsync();
            await venue.Venue.StepAsync(submitter);
            await venue.Venue.FollowAsync();
            Assert.NotEqual("failed", (await venue.Venue.StateOfAsync(trade)).State);
        }

        Assert.Equal("matched", (await venue.Venue.StateOfAsync(trade)).State);
        Assert.Equal(0, await venue.Venue.TimesSettledAsync(trade));
        await fixture.AutomineAsync(true);
        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.Deposit(Micros(1_000)));
        Assert.Equal("final", await venue.EndOfAsync(submitter, trade));
        Assert.Equal(1, await venue.Venue.TimesSettledAsync(trade));
    }

    [Fact]
    public async Task WithoutFactsOfTheChain_OrBeyondWhatSettlementCanDo_NoOrderIsFirm()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        Assert.Equal("open", (await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots, PurseChoice.Vault)).Result.OrderStatus);

        await SetTermsAsync(DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeSeconds(), trades: 100);
        Assert.Equal(ProblemCodes.FirmUnavailable, (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).Result.Code);
        // By the chain's clock they are over already, though ours has a minute left.
        await SetTermsAsync(DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeSeconds(), trades: 100, left: 0);
        Assert.Equal(ProblemCodes.FirmUnavailable, (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).Result.Code);
        await SetTermsAsync(DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeSeconds(), trades: 0);
        Assert.Equal(ProblemCodes.FirmUnavailable, (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).Result.Code);
        // An order that leaves the choice is paid from the wallet then, and its trade is no firm one.
        Assert.False(await venue.IsFirmAsync((await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots)).TradeId));

        async Task SetTermsAsync(long until, long trades, long left = 60) =>
            await venue.Live.Node.Router.SendAsync(
                new SetFirmTerms(until, trades, left) { RequestId = RequestIds.OfNewFact(), Deadline = Traders.Deadline }
            );
    }

    [Fact]
    public async Task OrderOfTheWallet_StaysThere_WhenTheWalletIsEmpty_AndItsFirmCounterpartyIsReleased()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var (eve, bob) = (await venue.AddAsync(usdc: 1_000, shares: 0), await venue.AddAsync(usdc: 0, shares: 1_000));
        await venue.Live.ConfirmAsync();
        await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots, PurseChoice.Wallet);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots, PurseChoice.Vault)).TradeId;
        Assert.False(await venue.IsFirmAsync(trade));

        await fixture.AutomineAsync(false);
        var submitter = venue.Venue.NewSubmitter();
        await venue.Venue.StepAsync(submitter);
        await DoAsync(venue, Act.WalletEmptied, eve, null);
        Assert.Equal("failed", await venue.EndOfAsync(submitter, trade));
        await venue.RequireLedgerIsChainAsync();
        Assert.Equal(0, await venue.Live.HeldAsync());
    }

    [Fact]
    public async Task RequestedWithdrawal_IsNoMoneyToTradeWith_FromTheBlockThatHasIt_UntilItsCancelIsConfirmed()
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var eve = await venue.AddAsync(usdc: 1_000, shares: 0);
        await venue.Live.ConfirmAsync();
        var order = await venue.PlaceAsync(eve, isBuy: true, Ticks, Lots, PurseChoice.Vault);
        Assert.Equal("open", order.Result.OrderStatus);

        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.RequestWithdrawal(VaultContract.Usdc, Micros(1_000)));
        await venue.Venue.FollowAsync();
        Assert.Equal(("cancelled", "unfunded"), await StateAsync(order));
        Assert.Equal(0, await venue.OwnedAsync(eve, Purse.Vault));

        await venue.Live.SendAsync(eve, venue.Vault, VaultContract.CancelWithdrawal(VaultContract.Usdc));
        await venue.Venue.FollowAsync();
        Assert.Equal(0, await venue.OwnedAsync(eve, Purse.Vault));
        await venue.Live.ConfirmAsync();
        Assert.Equal(1_000_000_000, await venue.OwnedAsync(eve, Purse.Vault));
        await venue.RequireLedgerIsChainAsync();

        async Task<(string, string?)> StateAsync(LiveOrder of)
        {
            var (status, reason, _) = await venue.Live.StateOfAsync(of);
            return (status, reason);
        }
    }

    /// <summary>The market asks no contract about a payment from the vault, so its trade could not settle.</summary>
    [Theory]
    [InlineData(PurseChoice.Either)]
    [InlineData(PurseChoice.Vault)]
    public async Task OrderThatAContractSigns_IsOfItsWallet(PurseChoice asked)
    {
        await using var venue = await FirmVenue.CreateAsync(fixture);
        var bob = await venue.AddAsync(usdc: 1_000, shares: 1_000);
        var contract = await venue.Live.AddContractWalletAsync(usdc: 1_000);
        await venue.Live.SendAsync(bob, venue.Vault, VaultContract.DepositFor(contract.Account, Micros(500)));
        await venue.Live.ConfirmAsync();
        Assert.Equal(500_000_000, await venue.OwnedAsync(contract, Purse.Vault));

        await venue.PlaceAsync(contract, isBuy: true, Ticks, Lots, asked);
        var trade = (await venue.PlaceAsync(bob, isBuy: false, Ticks, Lots)).TradeId;
        Assert.False(await venue.IsFirmAsync(trade));
        Assert.Equal("final", await venue.EndOfAsync(venue.Venue.NewSubmitter(), trade));
        await venue.RequireLedgerIsChainAsync();
    }

    private static async Task<long> TradeAsync(FirmVenue venue, Wallet buyer, Wallet seller, PurseChoice purse)
    {
        await venue.PlaceAsync(buyer, isBuy: true, Ticks, Lots, purse);
        return (await venue.PlaceAsync(seller, isBuy: false, Ticks, Lots, purse)).TradeId;
    }

    private static readonly SettlementOptions OneAtATime = new()
    {
        BatchAge = TimeSpan.Zero,
        Confirmations = 2,
        MaxInFlight = 1,
    };

    private static BigInteger Micros(long usdc) => usdc * (BigInteger)1_000_000;

    /// <summary>With a higher tip than the batch, so that it is mined before it.</summary>
    private static Task DoAsync(FirmVenue venue, Act act, Wallet eve, LiveOrder? bid)
    {
        var (live, at) = (venue.Live, venue.Venue.Deployment);
        var admin = new Wallet(venue.Venue.Operator.Key, venue.Venue.Operator.Key.Address);
        return act switch
        {
            Act.WithdrawalRequested => live.SendFirstAsync(
                eve,
                venue.Vault,
                VaultContract.RequestWithdrawal(VaultContract.Usdc, Micros(1_000))
            ),
            Act.WalletEmptied => live.SendFirstAsync(eve, at.Usdc, UsdcContract.Transfer(admin.Account, Micros(1_000))),
            Act.ApprovalRevoked => live.SendFirstAsync(eve, at.Usdc, UsdcContract.Approve(at.Factory, 0)),
            Act.SaltCancelled => live.SendFirstAsync(
                eve,
                venue.Venue.MarketAddress,
                ContractArtifact.Market.Encode("cancelSalt", bid!.Message.Salt)
            ),
            Act.AccountBlockedByTheIssuer => live.SendFirstAsync(
                eve,
                at.Usdc,
                ContractArtifact.MockUsdc.Encode("setBlocked", eve.Account, true)
            ),
            Act.MarketPaused => live.SendAsync(admin, venue.Venue.MarketAddress, ContractArtifact.Market.Encode("pause")),
            Act.DecisionAnnounced => live.SendAsync(admin, venue.Venue.MarketAddress, MarketContract.Resolve(0)),
            _ => Task.CompletedTask,
        };
    }
}
