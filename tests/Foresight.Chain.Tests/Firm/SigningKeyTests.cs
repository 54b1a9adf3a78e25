using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

[Trait("Category", "Firm")]
public sealed class SigningKeyTests(FirmFixture fixture) : FirmScenario(fixture)
{
    private const int SaysYesToEverything = 5;
    private const int BurnsAllGas = 2;

    private static readonly AbiFunction Execute = ContractArtifact.TestWallet.Function("execute");

    [Fact]
    public async Task AWallet_IsNeverAsked_AndSignsByItsRegisteredKey()
    {
        var (market, owner, wallet, seller) = await SetUpAsync("wallet");
        var buy = WalletBuy(market, owner, wallet);
        // Its code would agree to anything, and its owner's key has signed.
        await Chain.ExecuteAsync(owner, wallet, ContractArtifact.TestWallet.Encode("setMode", SaysYesToEverything));
        Assert.Equal(SettlementFailure.InvalidSignature, (await FailsAsync(market, buy, Sell(market, seller))).Code);

        await RegisterAsync(owner, wallet, owner.Address);
        Assert.Equal(SettlementFailure.InvalidSignature, (await FailsAsync(market, buy, Sell(market, seller))).Code);
        await PassDelayAsync();
        // Whatever its code does by now: it refuses, or burns all gas.
        await Chain.ExecuteAsync(owner, wallet, ContractArtifact.TestWallet.Encode("setMode", BurnsAllGas));
        await SettlesAsync(market, buy, Sell(market, seller));
        Assert.Equal((100L, 0L), await LotsAsync(market, 0, wallet));

        var foreign = WalletBuy(market, seller, wallet);
        Assert.Equal(SettlementFailure.InvalidSignature, (await FailsAsync(market, foreign, Sell(market, seller))).Code);
        // The key does not sign for what is in the account's wallet, only for what is in its purse.
        var ofWallet = OfWallet(WalletBuy(market, owner, wallet));
        Assert.Equal(SettlementFailure.InvalidSignature, (await FailsAsync(market, ofWallet, Sell(market, seller))).Code);
    }

    [Fact]
    public async Task AChangeOfTheKey_TakesTheDelay_InBlocksAndSeconds()
    {
        var (market, first, wallet, seller) = await SetUpAsync("rotates");
        var second = PrivateKey.OfPhrase("second key");
        await RegisterAsync(first, wallet, first.Address);
        await PassDelayAsync();

        await RegisterAsync(first, wallet, second.Address);
        await SettlesAsync(market, WalletBuy(market, first, wallet), Sell(market, seller));
        Assert.Equal(
            SettlementFailure.InvalidSignature,
            (await FailsAsync(market, WalletBuy(market, second, wallet), Sell(market, seller))).Code
        );
        await Venue.MineAtAsync(await Venue.NowAsync() + Delay.Seconds);
        Assert.Equal(first.Address, await Vault.SigningKeyAsync(wallet));
        await Chain.MineAsync((int)Delay.Blocks);
        Assert.Equal(second.Address, await Vault.SigningKeyAsync(wallet));
        await SettlesAsync(market, WalletBuy(market, second, wallet), Sell(market, seller));
        Assert.Equal(
            SettlementFailure.InvalidSignature,
            (await FailsAsync(market, WalletBuy(market, first, wallet), Sell(market, seller))).Code
        );
    }

    [Fact]
    public async Task AChangeUnderWay_IsReplaced_AndNeverTheKeyThatHolds()
    {
        var (market, owner, wallet, seller) = await SetUpAsync("replaces");
        await RegisterAsync(owner, wallet, owner.Address);
        await PassDelayAsync();
        // A key that never held, then none at all: the first one holds until the delay of the last change is over.
        await RegisterAsync(owner, wallet, PrivateKey.OfPhrase("never").Address);
        await Chain.MineAsync((int)Delay.Blocks);
        await RegisterAsync(owner, wallet, Address.Zero);
        await Venue.MineAtAsync(await Venue.NowAsync() + Delay.Seconds);
        await SettlesAsync(market, WalletBuy(market, owner, wallet), Sell(market, seller));
        await Chain.MineAsync((int)Delay.Blocks);

        Assert.Equal(Address.Zero, await Vault.SigningKeyAsync(wallet));
        Assert.Equal(
            SettlementFailure.InvalidSignature,
            (await FailsAsync(market, WalletBuy(market, owner, wallet), Sell(market, seller))).Code
        );
        var forged = WalletBuy(market, owner, wallet) with { Signature = new byte[65] };
        Assert.Equal(SettlementFailure.InvalidSignature, (await FailsAsync(market, forged, Sell(market, seller))).Code);
    }

    private MarketLeg WalletBuy(MarketContract market, PrivateKey signer, Address wallet) =>
        Venue.Leg(market, signer, 0, true, 5_000, 100, onBehalfOf: wallet) with
        {
            OfVault = true,
        };

    private Task RegisterAsync(PrivateKey owner, Address wallet, Address key) =>
        Chain.ExecuteAsync(owner, wallet, Execute.Encode(Vault.Address, VaultContract.RegisterSigningKey(key)));

    private async Task<(MarketContract, PrivateKey Owner, Address Wallet, PrivateKey Seller)> SetUpAsync(string name)
    {
        var market = await Venue.MarketAsync(2);
        var owner = await TraderAsync($"{name}: owner", 0, inWallet: 100);
        var wallet = await Chain.DeployAsync(owner, ContractArtifact.TestWallet.Creation(owner.Address));
        await ExecuteAsync(owner, VaultContract.DepositFor(wallet, Exchange.Micros(100)));
        return (market, owner, wallet, await SellerAsync($"{name}: seller", market, 1_000));
    }
}
