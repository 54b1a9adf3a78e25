using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

[Trait("Category", "Firm")]
public sealed class DecisionTests(FirmFixture fixture) : FirmScenario(fixture)
{
    private static readonly byte[] Apply = ContractArtifact.Market.Encode("applyDecision");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ADecision_IsAnnounced_AndTakesEffectAfterTheDelay(bool resolves)
    {
        var market = await Venue.MarketAsync(2);
        var (buyer, seller) = (
            await TraderAsync($"decision {resolves}: buyer", 100),
            await SellerAsync($"decision {resolves}: seller", market, 1_000)
        );
        var call = resolves ? MarketContract.Resolve(1) : MarketContract.Invalidate();
        Assert.Equal("DecisionPending", await RefusalAsync(buyer, Apply, market.Address));
        var receipt = await Chain.ExecuteAsync(Venue.Resolver, market.Address, call);
        var announced = ContractArtifact.Market.Event("DecisionAnnounced").Decode(Assert.Single(receipt.Logs));
        Assert.Equal(
            (resolves ? 1 : 2, resolves ? 1 : 0, receipt.BlockNumber + Delay.Blocks),
            ((int)announced.Integer("decision"), (int)announced.Integer("outcomeIndex"), (long)announced.Integer("readyBlock"))
        );

        // It is final, and what was matched before it settles.
        foreach (var second in new[] { MarketContract.Resolve(0), MarketContract.Invalidate() })
            Assert.Equal("DecisionPending", await RefusalAsync(Venue.Resolver, second, market.Address));
        await Venue.MineAtAsync((long)announced.Integer("readyTime") + 10);
        await SettlesAsync(market, Buy(market, buyer), Sell(market, seller));
        Assert.Equal("DecisionPending", await RefusalAsync(buyer, Apply, market.Address));
        Assert.NotNull(await RefusalAsync(buyer, VaultContract.RedeemFor(buyer.Address, Share(market, 0))));

        await Chain.MineAsync((int)Delay.Blocks);
        var applied = await Chain.ExecuteAsync(buyer, market.Address, Apply);
        var taken = Assert.Single(Exchange.EventsOf(market, applied));
        if (resolves)
            Assert.Equal(1, Assert.IsType<MarketEvent.Resolved>(taken).OutcomeIndex);
        else
            Assert.IsType<MarketEvent.Invalidated>(taken);
        Assert.Equal("MarketNotOpen", await RefusalAsync(buyer, Apply, market.Address));
        Assert.Equal(SettlementFailure.MarketNotOpen, (await FailsAsync(market, Buy(market, buyer), Sell(market, seller))).Code);
    }

    /// <summary>Where blocks are produced quickly, they are over long before the time in which what was matched settles.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ADecision_DoesNotTakeEffectByBlocksAlone(bool resolves)
    {
        const long Gas = 2_000_000;
        var market = await Venue.MarketAsync(2);
        var (buyer, seller) = (
            await TraderAsync($"blocks {resolves}: buyer", 100),
            await SellerAsync($"blocks {resolves}: seller", market, 1_000)
        );
        var call = resolves ? MarketContract.Resolve(0) : MarketContract.Invalidate();
        var receipt = await Chain.ExecuteAsync(Venue.Resolver, market.Address, call);
        var announced = ContractArtifact.Market.Event("DecisionAnnounced").Decode(Assert.Single(receipt.Logs));
        var readyTime = (long)announced.Integer("readyTime");
        Assert.Equal((await Chain.Client.GetBlockAsync(receipt.BlockNumber))!.Timestamp + Delay.Seconds, readyTime);
        await Chain.MineAsync((int)Delay.Blocks + 5);
        Assert.True(await Venue.NowAsync() < readyTime - 2);

        var redeem = VaultContract.RedeemFor(seller.Address, Share(market, 0));
        Assert.Equal("DecisionPending", await RefusalAsync(buyer, Apply, market.Address));
        Assert.Equal("MarketNotResolved", await RefusalAsync(buyer, redeem));
        await SettlesAsync(market, Buy(market, buyer), Sell(market, seller));
        Assert.False((await ApplyAtAsync(readyTime - 1)).Succeeded);
        Assert.True((await ApplyAtAsync(readyTime)).Succeeded);
        Assert.Equal(SettlementFailure.MarketNotOpen, (await FailsAsync(market, Buy(market, buyer), Sell(market, seller))).Code);

        async Task<TransactionReceipt> ApplyAtAsync(long second)
        {
            await Chain.RequestAsync("evm_setNextBlockTimestamp", second);
            return await Chain.SendAsync(buyer, market.Address, Apply, Gas);
        }
    }

    [Fact]
    public async Task AMerge_EndsWithTheAnnouncement_BecauseASetWouldPayNoFee()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await TraderAsync("merges", 0, inWallet: 100);
        await Venue.MintSetAsync(market, owner, 1_000);
        var merge = ContractArtifact.Market.Encode("mergeSet", Amount(100));
        Assert.Null(await RefusalAsync(owner, merge, market.Address));
        await Chain.ExecuteAsync(Venue.Resolver, market.Address, MarketContract.Resolve(0));
        Assert.Equal("MarketNotOpen", await RefusalAsync(owner, merge, market.Address));

        // By the vault there is no way around the fee either.
        await DepositSharesAsync(owner, market, 0, 1_000);
        await DepositSharesAsync(owner, market, 1, 1_000);
        Assert.Equal(Amount(1_000), await Vault.SetsAsync(market.Address));
        await PassDelayAsync();
        await ExecuteAsync(owner, VaultContract.RedeemFor(owner.Address, Share(market, 0)));
        Assert.Equal((9.8m, 0m), await MoneyAsync(owner.Address));
        Assert.Equal("LosingOutcome", await RefusalAsync(owner, VaultContract.RedeemFor(owner.Address, Share(market, 1))));
        Assert.Equal(0.2m, await WalletAsync(market.Address));

        var other = await Venue.MarketAsync(2);
        await Venue.MintSetAsync(other, owner, 1_000);
        await Chain.ExecuteAsync(Venue.Resolver, other.Address, MarketContract.Invalidate());
        Assert.Null(await RefusalAsync(owner, merge, other.Address));
    }

    [Fact]
    public async Task AnyoneRedeems_IntoTheAccountsPurse_AndOnlyWhatIsFree()
    {
        var market = await Venue.MarketAsync(3);
        var winner = await SellerAsync("wins", market, 1_000);
        var other = await SellerAsync("wins as well", market, 500);
        var stranger = await TraderAsync("redeems for others", 0);
        await ExecuteAsync(winner, VaultContract.RequestWithdrawal(Share(market, 1), Amount(300)));
        Assert.Equal("MarketNotResolved", await RefusalAsync(stranger, VaultContract.RedeemFor(winner.Address, Share(market, 1))));
        await Chain.ExecuteAsync(Venue.Resolver, market.Address, MarketContract.Resolve(1));
        await PassDelayAsync();

        // Nobody has applied the decision: redeeming does.
        await ExecuteAsync(stranger, VaultContract.RedeemFor(winner.Address, Share(market, 1)));
        Assert.Equal((6.86m, 0m), await MoneyAsync(winner.Address));
        Assert.Equal((0L, 300L), await LotsAsync(market, 1, winner.Address));
        Assert.Equal("BadAmount", await RefusalAsync(stranger, VaultContract.RedeemFor(winner.Address, Share(market, 1))));
        Assert.Equal("LosingOutcome", await RefusalAsync(stranger, VaultContract.RedeemFor(winner.Address, Share(market, 0))));
        await ExecuteAsync(stranger, VaultContract.RedeemFor(other.Address, Share(market, 1)));
        Assert.Equal((4.9m, 0m), await MoneyAsync(other.Address));
        Assert.Equal((0m, 0m), await MoneyAsync(stranger.Address));

        // What was leaving leaves as shares, which redeem like any.
        await ExecuteAsync(winner, VaultContract.Finish(Share(market, 1), winner.Address));
        await Chain.ExecuteAsync(winner, market.Address, ContractArtifact.Market.Encode("redeem", 1, Amount(300)));
        Assert.Equal(2.94m, await WalletAsync(winner.Address));
        Assert.Equal(0.3m, await WalletAsync(market.Address));
        Assert.Equal(0, await Vault.SetsAsync(market.Address));
    }

    [Fact]
    public async Task AnInvalidMarket_RoundsDownPerAccount()
    {
        var market = await Venue.MarketAsync(3);
        var (one, two) = (await SellerAsync("third of one lot", market, 1), await SellerAsync("third of two lots", market, 2));
        await Chain.ExecuteAsync(Venue.Resolver, market.Address, MarketContract.Invalidate());
        await PassDelayAsync();
        for (var k = 0; k < 3; k++)
        {
            await ExecuteAsync(two, VaultContract.RedeemFor(one.Address, Share(market, k)));
            await ExecuteAsync(two, VaultContract.RedeemFor(two.Address, Share(market, k)));
        }

        // A lot is 10,000 micro-USDC, a third of it 3,333, and of two 6,666: the rest stays in the market.
        Assert.Equal(0.009999m, (await MoneyAsync(one.Address)).Free);
        Assert.Equal(0.019998m, (await MoneyAsync(two.Address)).Free);
        Assert.Equal((BigInteger)3, await Venue.MicrosOfAsync(market.Address));
    }

    [Fact]
    public async Task WhatIsNoShare_IsNotRedeemed()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await TraderAsync("redeems nothing", 100);
        foreach (var asset in new[] { Usdc, Share(market, 2), OutcomeTokenContract.IdOf(owner.Address, 0) })
            Assert.Equal("UnknownAsset", await RefusalAsync(owner, VaultContract.RedeemFor(owner.Address, asset)));
        Assert.Equal("BadAmount", await RefusalAsync(owner, VaultContract.RedeemFor(owner.Address, Share(market, 0))));
    }
}
