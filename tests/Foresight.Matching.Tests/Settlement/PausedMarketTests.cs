using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

[Collection(ChainCollection.Name)]
public sealed class PausedMarketTests(ChainFixture fixture)
{
    [Fact]
    public async Task BeforeItIsSent_ATradeWaits_AndNothingIsAskedTwiceInABlock()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await venue.SendAsync(venue.Operator.Key, venue.MarketAddress, ContractArtifact.Market.Encode("pause"));
        var submitter = venue.NewSubmitter();
        var head = await venue.Client.BlockNumberAsync();
        for (var look = 0; look < 2; look++)
        {
            Assert.False(await submitter.StepAsync(head, CancellationToken.None));
            Assert.Contains("paused", submitter.Trouble);
        }

        Assert.Equal(("matched", null), await venue.StateOfAsync(trade));
        await venue.SendAsync(venue.Operator.Key, venue.MarketAddress, ContractArtifact.Market.Encode("unpause"));
        await venue.SettleAllAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
    }

    [Fact]
    public async Task MinedBehindThePause_ATradeKeepsItsMoneyHeld_BlamesNobody_AndSettlesOnceWhenTheMarketGoesOn()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var venue = live.Venue;
        var (alice, bob) = (await live.AddWalletAsync(usdc: 1_000, shares: 0), await live.AddWalletAsync(usdc: 0, shares: 1_000));
        var guard = await GuardAsync(live);
        await live.ConfirmAsync();
        await live.PlaceAsync(bob, isBuy: false, 6_000, 500);
        var trade = (await live.PlaceAsync(alice, isBuy: true, 6_000, 500)).TradeId;
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await live.SendFirstAsync(guard, venue.MarketAddress, ContractArtifact.Market.Encode("pause"));

        await StepBlockAsync(live, submitter);
        Assert.Equal(("broadcast", SettlementFailure.MarketPaused), await venue.StateOfAsync(trade));
        for (var block = 0; block < venue.Options.Confirmations + 1; block++)
            await StepBlockAsync(live, submitter);
        Assert.Equal(("matched", null), await venue.StateOfAsync(trade));
        Assert.Equal((1, 0L), (await live.MarketStateAsync(), await venue.ScalarAsync<long>("SELECT count(*) FROM strikes")));
        Assert.True(await live.HeldAsync() > 0);

        var admin = new Wallet(venue.Operator.Key, venue.Operator.Key.Address);
        await live.SendFirstAsync(admin, venue.MarketAddress, ContractArtifact.Market.Encode("unpause"));
        for (var block = 0; block < venue.Options.Confirmations + 3; block++)
            await StepBlockAsync(live, submitter);
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal((997_000_000, 3_000_000), (await live.OwnedUsdcAsync(alice), await live.OwnedUsdcAsync(bob)));
        Assert.Equal((0, 0L), (await live.MarketStateAsync(), await live.HeldAsync()));
        Assert.Equal(2L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches WHERE state = 'final'"));
    }

    [Fact]
    public async Task WhenThePauseIsUndone_TheSameBytesSettleTheTrade()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var venue = live.Venue;
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var guard = await GuardAsync(live);
        await venue.FollowAsync();
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.StepAsync(submitter);
        await live.SendFirstAsync(guard, venue.MarketAddress, ContractArtifact.Market.Encode("pause"));
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        Assert.Equal(("broadcast", null), await venue.StateOfAsync(trade));
        for (var block = 0; block < venue.Options.Confirmations + 2; block++)
        {
            await venue.StepAsync(submitter);
            await fixture.MineAsync();
        }

        await venue.StepAsync(submitter);
        Assert.Equal(("mined", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task ItsOlderTrades_TakeNoSlotFromOtherMarkets()
    {
        var options = new SettlementOptions
        {
            BatchAge = TimeSpan.Zero,
            BatchTrades = 1,
            MaxInFlight = 2,
        };
        await using var venue = await Venue.CreateAsync(fixture, options, shards: 2);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.SendAsync(bob.Key, venue.Deployment.Market(2).Address, MarketContract.MintSet(100 * BigInteger.Pow(10, 18)));
        var waiting = new List<long>();
        for (var i = 0; i < 3; i++)
            waiting.Add(await venue.TradeAsync(alice, bob));
        var other = await venue.TradeAsync(alice, bob, market: 2);
        await venue.SendAsync(venue.Operator.Key, venue.MarketAddress, ContractArtifact.Market.Encode("pause"));

        await venue.SettleAllAsync();
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(other)).State, await venue.TimesSettledAsync(other)));
        foreach (var trade in waiting)
            Assert.Equal(("matched", null), await venue.StateOfAsync(trade));
    }

    /// <summary>The settler's own transactions are mined in their order, so another account must pause.</summary>
    private static async Task<Wallet> GuardAsync(LiveVenue live)
    {
        var guard = await live.AddWalletAsync(usdc: 0, shares: 0);
        var grant = ContractArtifact.MarketFactory.Encode("grantRole", Chain.Keccak256.HashText("OPERATOR"), guard.Account);
        await live.Venue.SendAsync(live.Venue.Operator.Key, live.Venue.Deployment.Factory, grant);
        return guard;
    }

    private static async Task StepBlockAsync(LiveVenue live, Submitter submitter)
    {
        await live.Venue.Fixture.MineAsync();
        await live.Venue.StepAsync(submitter);
        await live.Venue.FollowAsync();
    }
}
