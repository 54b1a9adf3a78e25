using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

[Trait("Category", "Firm")]
public sealed class WithdrawalTests(FirmFixture fixture) : FirmScenario(fixture)
{
    [Fact]
    public async Task ARequest_MovesAtMostWhatIsFree_AndSecondsAloneDoNotPayIt()
    {
        var owner = await TraderAsync("seconds", 100);
        var requested = await RequestAsync(owner, Usdc, Exchange.Micros(250));
        Assert.Equal((Exchange.Micros(100), Exchange.Micros(100)), (requested.Amount, requested.Leaving));
        Assert.Equal((0m, 100m), await MoneyAsync(owner.Address));
        Assert.Equal("BadAmount", await RefusalAsync(owner, VaultContract.RequestWithdrawal(Usdc, 1)));
        Assert.Equal(0m, await WalletAsync(owner.Address));

        // All the time has passed, but the chain made one block.
        var finish = VaultContract.Finish(Usdc, owner.Address);
        Assert.False((await SendAtAsync(owner, finish, requested.ReadyTime + 1_000)).Succeeded);
        await Chain.MineAsync((int)(requested.ReadyBlock - 2 - await Chain.Client.BlockNumberAsync()));
        var early = await SendAtAsync(owner, finish);
        Assert.Equal((requested.ReadyBlock - 1, false), (early.BlockNumber, early.Succeeded));
        var ready = await SendAtAsync(owner, finish);
        Assert.Equal((requested.ReadyBlock, true), (ready.BlockNumber, ready.Succeeded));
        Assert.Equal((0m, 0m, 100m), await AllAsync(owner));
    }

    [Fact]
    public async Task ARequest_IsNotPaidByBlocksAlone()
    {
        var owner = await TraderAsync("blocks", 100);
        var requested = await RequestAsync(owner, Usdc, Exchange.Micros(60));
        await Chain.MineAsync((int)Delay.Blocks + 5);
        var finish = VaultContract.Finish(Usdc, owner.Address);

        Assert.False((await SendAtAsync(owner, finish, requested.ReadyTime - 1)).Succeeded);
        Assert.True((await SendAtAsync(owner, finish, requested.ReadyTime)).Succeeded);
        Assert.Equal((40m, 0m, 60m), await AllAsync(owner));
    }

    /// <summary>Or a small request that is old enough would be a door for a large new one.</summary>
    [Fact]
    public async Task ASecondRequest_StartsTheDelayAgainForAll()
    {
        var owner = await TraderAsync("twice", 100);
        await RequestAsync(owner, Usdc, Exchange.Micros(1));
        await PassDelayAsync();
        var second = await RequestAsync(owner, Usdc, Exchange.Micros(99));
        Assert.Equal(Exchange.Micros(100), second.Leaving);
        var finish = VaultContract.Finish(Usdc, owner.Address);
        Assert.Equal("NotReady", await RefusalAsync(owner, finish));

        await PassDelayAsync();
        await ExecuteAsync(owner, finish);
        Assert.Equal((0m, 0m, 100m), await AllAsync(owner));
    }

    [Fact]
    public async Task ACancelledRequest_IsFreeAgain_AndPaysNothing()
    {
        var owner = await TraderAsync("changes mind", 100);
        await RequestAsync(owner, Usdc, Exchange.Micros(100));
        await PassDelayAsync();
        await ExecuteAsync(owner, VaultContract.CancelWithdrawal(Usdc));

        Assert.Equal((100m, 0m, 0m), await AllAsync(owner));
        Assert.Equal("BadAmount", await RefusalAsync(owner, VaultContract.Finish(Usdc, owner.Address)));
        Assert.Equal("BadAmount", await RefusalAsync(owner, VaultContract.CancelWithdrawal(Usdc)));

        // The next request is a new one, whatever passed before.
        await RequestAsync(owner, Usdc, Exchange.Micros(100));
        Assert.Equal("NotReady", await RefusalAsync(owner, VaultContract.Finish(Usdc, owner.Address)));
    }

    [Fact]
    public async Task OnlyTheOwner_IsPaid_AndOnce()
    {
        var (owner, thief) = (await TraderAsync("owner", 100), await TraderAsync("thief", 0));
        await RequestAsync(owner, Usdc, Exchange.Micros(100));
        await PassDelayAsync();
        foreach (var other in new[] { thief, Venue.Operator, Venue.Admin, Venue.Resolver })
        {
            Assert.Equal("BadAmount", await RefusalAsync(other, VaultContract.Finish(Usdc, other.Address)));
            Assert.Equal("BadAmount", await RefusalAsync(other, VaultContract.CancelWithdrawal(Usdc)));
        }

        foreach (var nobody in new[] { Address.Zero, Vault.Address })
            Assert.Equal("BadAccount", await RefusalAsync(owner, VaultContract.Finish(Usdc, nobody)));
        await ExecuteAsync(owner, VaultContract.Finish(Usdc, owner.Address));
        Assert.Equal("BadAmount", await RefusalAsync(owner, VaultContract.Finish(Usdc, owner.Address)));
        Assert.Equal((0m, 0m, 100m), await AllAsync(owner));
    }

    [Fact]
    public async Task Shares_LeaveLikeMoney_AlsoThoseOfSetsInside()
    {
        var market = await Venue.MarketAsync(3);
        var owner = await SellerAsync("shares", market, 500);
        // All are sets inside by now; no share is at the outcome token.
        Assert.Equal(Amount(500), await Vault.SetsAsync(market.Address));
        Assert.Equal(0, await Venue.LotsOfAsync(market, 1, Vault.Address));
        Assert.Equal("BadAmount", await RefusalAsync(owner, VaultContract.RequestWithdrawal(Share(market, 1), Amount(1) - 1)));

        var requested = await RequestAsync(owner, Share(market, 1), Amount(200));
        Assert.Equal(Amount(200), requested.Amount);
        Assert.Equal("NotReady", await RefusalAsync(owner, VaultContract.Finish(Share(market, 1), owner.Address)));
        await PassDelayAsync();
        await ExecuteAsync(owner, VaultContract.Finish(Share(market, 1), owner.Address));

        Assert.Equal(200, await Venue.LotsOfAsync(market, 1, owner.Address));
        Assert.Equal((300, 0), await LotsAsync(market, 1, owner.Address));
        Assert.Equal((500, 0), await LotsAsync(market, 0, owner.Address));
        Assert.Equal(Amount(300), await Vault.SetsAsync(market.Address));

        // And back: they complete the sets again.
        await DepositSharesAsync(owner, market, 1, 200);
        Assert.Equal(Amount(500), await Vault.SetsAsync(market.Address));
        Assert.Equal(0, await Venue.LotsOfAsync(market, 0, Vault.Address));
    }

    [Fact]
    public async Task InEscapeMode_TheDelayStands_AndNothingNeedsASignature()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("escapes", market, 100, inVault: 100);
        await Chain.ExecuteAsync(Venue.Operator, market.Address, ContractArtifact.Market.Encode("pause"));
        await ExecuteAsync(Venue.Operator, ContractArtifact.Vault.Encode("pause"));
        var expiry = await Venue.EscapeAsync();

        await RequestAsync(owner, Usdc, Exchange.Micros(100));
        await RequestAsync(owner, Share(market, 0), Amount(100));
        Assert.Equal("NotReady", await RefusalAsync(owner, VaultContract.Finish(Usdc, owner.Address)));
        await PassDelayAsync();
        await ExecuteAsync(owner, VaultContract.Finish(Usdc, owner.Address));
        await ExecuteAsync(owner, VaultContract.Finish(Share(market, 0), owner.Address));
        Assert.Equal(100m, await WalletAsync(owner.Address));
        Assert.Equal(100, await Venue.LotsOfAsync(market, 0, owner.Address));

        // What strangers fill then is of wallets only: the maker has shares of outcome 1 in the vault and none in the wallet.
        var stranger = await Venue.TraderAsync("stranger", 100);
        var sell = Venue.Leg(market, owner, 1, isBuy: false, 5_000, 100, expiry: expiry);
        var fill = MarketContract.FillOrderSigned(sell.Order, sell.Signature, sell.Amount);
        Assert.Equal("InsufficientShares", await RefusalAsync(stranger, fill, market.Address));
        Assert.Equal((100, 0), await LotsAsync(market, 1, owner.Address));

        await Chain.ExecuteAsync(Venue.Operator, Venue.Factory.Address, MarketFactoryContract.SignOfLife());
        await ExecuteAsync(Venue.Admin, ContractArtifact.Vault.Encode("unpause"));
    }

    [Fact]
    public async Task AnOwnerWhomTheIssuerBlocked_IsPaidWhereTheyChoose()
    {
        var (owner, friend) = (await TraderAsync("blocked", 100), PrivateKey.OfPhrase("friend").Address);
        await RequestAsync(owner, Usdc, Exchange.Micros(100));
        await PassDelayAsync();
        await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, ContractArtifact.MockUsdc.Encode("setBlocked", owner.Address, true));

        Assert.NotNull(await RefusalAsync(owner, VaultContract.Finish(Usdc, owner.Address)));
        Assert.Equal((0m, 100m), await MoneyAsync(owner.Address));
        await ExecuteAsync(owner, VaultContract.Finish(Usdc, friend));
        Assert.Equal(100m, await WalletAsync(friend));
    }

    [Fact]
    public async Task NoOtherCall_MovesWhatIsInThePurse()
    {
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("locked", market, 100, inVault: 100);
        foreach (
            var (call, to) in new (byte[], Address)[]
            {
                (MarketContract.MintSet(Amount(100)), market.Address),
                (ContractArtifact.Market.Encode("mergeSet", Amount(100)), market.Address),
                (UsdcContract.Transfer(owner.Address, 1), Venue.Usdc.Address),
            }
        )
            Assert.NotNull(await RefusalAsync(owner, call, to));

        object[] makers = [owner.Address, owner.Address];
        object[] costs = [(BigInteger)500_000, (BigInteger)500_000];
        byte[][] settlement =
        [
            ContractArtifact.Vault.Encode("trade", owner.Address, Venue.Operator.Address, 0, 1, Amount(1)),
            ContractArtifact.Vault.Encode("mintSets", makers, costs, Amount(100)),
            ContractArtifact.Vault.Encode("mergeSets", makers, costs, Amount(100)),
            ContractArtifact.Vault.Encode("draw", owner.Address, Usdc, 1),
            ContractArtifact.Vault.Encode("pay", owner.Address, Usdc, 1),
        ];
        foreach (var caller in new[] { owner, Venue.Operator, Venue.Admin, Venue.Resolver })
        {
            foreach (var call in settlement)
                Assert.Equal("OnlyMarket", await RefusalAsync(caller, call));
            Assert.Equal("OnlyFactory", await RefusalAsync(caller, ContractArtifact.Vault.Encode("addMarket", caller.Address, 2)));
        }
    }

    [Theory]
    [InlineData(0, 600)]
    [InlineData(20, 0)]
    [InlineData(604_801, 600)]
    [InlineData(20, (7 * 24 * 3_600) + 1)]
    public async Task ADelay_HasBlocksAndSeconds_AndIsNeverLongerThanSevenDays(long blocks, long seconds)
    {
        var creation = MarketFactoryContract.Creation(
            Venue.Usdc.Address,
            Venue.Admin.Address,
            Venue.Operator.Address,
            Venue.Resolver.Address,
            withdrawalDelay: new WithdrawalDelay(blocks, seconds)
        );
        await Assert.ThrowsAsync<InvalidOperationException>(() => Chain.DeployAsync(Venue.Admin, creation));
    }

    private async Task<(decimal Free, decimal Leaving, decimal Wallet)> AllAsync(PrivateKey owner)
    {
        var (free, leaving) = await MoneyAsync(owner.Address);
        return (free, leaving, await WalletAsync(owner.Address));
    }

    private async Task<(BigInteger Amount, BigInteger Leaving, long ReadyBlock, long ReadyTime)> RequestAsync(
        PrivateKey owner,
        BigInteger asset,
        BigInteger amount
    )
    {
        var receipt = await Chain.ExecuteAsync(owner, Vault.Address, VaultContract.RequestWithdrawal(asset, amount));
        var e = VaultContract.WithdrawalRequested.Decode(Assert.Single(receipt.Logs));
        Assert.Equal(receipt.BlockNumber + Delay.Blocks, (long)e.Integer("readyBlock"));
        return (e.Integer("amount"), e.Integer("leaving"), (long)e.Integer("readyBlock"), (long)e.Integer("readyTime"));
    }
}
