using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class ContractWalletTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private enum Mode
    {
        Honest,
        Invalid,
        GasBomb,
        ReturnBomb,
        Reverts,
        Anything,
    }

    private static readonly AbiFunction SetMode = ContractArtifact.TestWallet.Function("setMode");
    private static readonly AbiFunction Execute = ContractArtifact.TestWallet.Function("execute");

    private readonly Exchange _exchange = fixture.Exchange;

    [Fact]
    public async Task WalletThatAgrees_BuysSellsAndCancels_LikeAnyAccount()
    {
        var (market, owner, wallet, seller) = await SetUpAsync("honest");
        var buy = WalletBuy(market, owner, wallet);

        var (events, _) = await _exchange.SettleAsync(market, _exchange.Match(buy, Sell(market, seller)));

        Assert.Single(events.OfType<MarketEvent.TradeSettled>());
        Assert.Equal(100, await _exchange.LotsOfAsync(market, 0, wallet));
        var digest = OrderSigning.OrderHash(Exchange.DomainOf(market), buy.Order);
        Assert.True(await ContractWallet.AcceptsAsync(_exchange.Chain.Client, wallet, digest, buy.Signature));

        // The owner's key alone must not sign for the wallet.
        Assert.False(OrderSigning.Check(digest, buy.Signature, wallet).IsValid);
        var stranger = buy with { Signature = OrderSigning.Sign(Exchange.DomainOf(market), buy.Order, seller) };
        Assert.False(await ContractWallet.AcceptsAsync(_exchange.Chain.Client, wallet, digest, stranger.Signature));

        var cancel = new CancelSaltMessage(wallet, 99);
        await _exchange.Chain.ExecuteAsync(
            seller,
            market.Address,
            Calls.Market("cancelSaltSigned", wallet, 99, OrderSigning.Sign(Exchange.DomainOf(market), cancel, owner))
        );
        Assert.True(await market.ReadAsync<bool>(ContractArtifact.Market.Function("isSaltCancelled"), default, default, wallet, 99));
    }

    [Fact]
    public async Task WalletThatTurnsInvalidBetweenMatchAndSettlement_FailsAlone()
    {
        foreach (var mode in new[] { Mode.Invalid, Mode.Reverts, Mode.GasBomb, Mode.ReturnBomb })
        {
            var (market, owner, wallet, seller) = await SetUpAsync(mode.ToString());
            var buyer = await _exchange.TraderAsync($"honest beside {mode}", 100);
            var buy = WalletBuy(market, owner, wallet);
            var digest = OrderSigning.OrderHash(Exchange.DomainOf(market), buy.Order);
            Assert.True(await ContractWallet.AcceptsAsync(_exchange.Chain.Client, wallet, digest, buy.Signature));
            await _exchange.Chain.ExecuteAsync(owner, wallet, SetMode.Encode((int)mode));
            Assert.False(await ContractWallet.AcceptsAsync(_exchange.Chain.Client, wallet, digest, buy.Signature));

            var honest = _exchange.Match(_exchange.Leg(market, buyer, 0, true, 5_000, 100), Sell(market, seller));
            var (events, receipt) = await _exchange.SettleAsync(market, _exchange.Match(buy, Sell(market, seller)), honest);

            Assert.Equal(honest.TradeId, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).TradeId);
            var failure = SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason);
            Assert.Equal(
                (SettlementFailure.InvalidSignature, FailureBlame.Maker, wallet, digest),
                (failure.Code, failure.Blame, failure.Account, failure.OrderHash)
            );

            // A call may take 63/64 of all gas, but a check must not cost more than its limit.
            Assert.InRange(receipt.GasUsed, 0, ContractWallet.CheckGas + 400_000);
        }
    }

    [Fact]
    public async Task AccountWithoutCode_IsNoWallet()
    {
        var nobody = PrivateKey.OfPhrase("nobody");
        Assert.False(await ContractWallet.AcceptsAsync(_exchange.Chain.Client, nobody.Address, Hash32.Zero, nobody.Sign(Hash32.Zero)));
        Assert.False(
            await ContractWallet.AcceptsAsync(_exchange.Chain.Client, _exchange.Usdc.Address, Hash32.Zero, nobody.Sign(Hash32.Zero))
        );
    }

    [Fact]
    public async Task LongSignatures_AreRefusedWithoutAskingTheChain() =>
        Assert.False(
            await ContractWallet.AcceptsAsync(
                EthereumClient.OfEndpoint(new HttpClient(), new Uri("http://127.0.0.1:1")),
                Address.Zero,
                Hash32.Zero,
                new byte[OrderSigning.MaxSignatureBytes + 1]
            )
        );

    [Fact]
    public async Task NodeThatDoesNotAnswer_IsNotAWalletThatRefuses() =>
        await Assert.ThrowsAsync<RpcUnavailableException>(() =>
            ContractWallet.AcceptsAsync(
                EthereumClient.OfEndpoint(new HttpClient(), new Uri("http://127.0.0.1:1")),
                Address.Zero,
                Hash32.Zero,
                new byte[65]
            )
        );

    private MarketLeg WalletBuy(MarketContract market, PrivateKey owner, Address wallet) =>
        _exchange.Leg(market, owner, 0, true, 5_000, 100, onBehalfOf: wallet);

    private MarketLeg Sell(MarketContract market, PrivateKey seller) => _exchange.Leg(market, seller, 0, false, 5_000, 100);

    private async Task<(MarketContract, PrivateKey Owner, Address Wallet, PrivateKey Seller)> SetUpAsync(string name)
    {
        var market = await _exchange.MarketAsync(2);
        var owner = PrivateKey.OfPhrase($"{name}: owner");
        var seller = await _exchange.TraderAsync($"{name}: seller", 100);
        await _exchange.MintSetAsync(market, seller, 1_000);
        await _exchange.Chain.FundAsync(owner.Address);
        var wallet = await _exchange.Chain.DeployAsync(owner, ContractArtifact.TestWallet.Creation(owner.Address));
        await _exchange.Chain.ExecuteAsync(_exchange.Admin, _exchange.Usdc.Address, UsdcContract.Mint(wallet, Exchange.Micros(100)));
        var approval = Execute.Encode(_exchange.Usdc.Address, UsdcContract.Approve(_exchange.Factory.Address, Word.MaxUInt256));
        await _exchange.Chain.ExecuteAsync(owner, wallet, approval);
        return (market, owner, wallet, seller);
    }
}
