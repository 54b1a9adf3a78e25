using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Firm;

[Trait("Category", "Firm")]
public sealed class FirmSettlementTests(FirmFixture fixture) : FirmScenario(fixture)
{
    [Fact]
    public async Task TradesOfPurses_MoveWhatIsInThem_AndTouchNoToken()
    {
        var market = await Venue.MarketAsync(3);
        var buyer = await TraderAsync("firm: buyer", 100, inWallet: 7);
        var seller = await SellerAsync("firm: seller", market, 1_000, inVault: 100);
        var third = await TraderAsync("firm: third", 100);
        // Nothing of the issuer's moves for any of them any more.
        foreach (var account in new[] { buyer.Address, seller.Address, third.Address, Vault.Address, market.Address })
            await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, ContractArtifact.MockUsdc.Encode("setBlocked", account, true));

        var direct = Venue.Match(Sell(market, seller, 0, 4_000, 200), Buy(market, buyer, 0, 4_000, 200));
        var mint = Venue.Match(Buy(market, third, 2, 2_000, 300), Buy(market, buyer, 0, 5_000, 300), Buy(market, seller, 1, 3_000, 300));
        var merge = Venue.Match(
            Sell(market, seller, 1, 3_500, 100),
            Sell(market, third, 2, 1_500, 100),
            Sell(market, buyer, 0, 5_000, 100)
        );
        var (events, receipt) = await Venue.SettleAsync(market, direct, mint, merge);

        Assert.Equal(
            [(SettlementKind.Direct, direct.TradeId), (SettlementKind.Mint, mint.TradeId), (SettlementKind.Merge, merge.TradeId)],
            events.OfType<MarketEvent.TradeSettled>().Select(e => (e.Kind, e.TradeId))
        );
        Assert.All(receipt.Logs, log => Assert.Equal(market.Address, log.Address));
        var used = ContractArtifact.Market.Event("VaultUsed");
        Assert.Equal([3, 7, 7], receipt.Logs.Where(used.Matches).Select(log => (int)used.Decode(log).Integer("legs")));
        Assert.Equal((100 - 0.8m - 1.5m + 0.5m, 0m), await MoneyAsync(buyer.Address));
        Assert.Equal((100 + 0.8m - 0.9m + 0.35m, 0m), await MoneyAsync(seller.Address));
        Assert.Equal((100 - 0.6m + 0.15m, 0m), await MoneyAsync(third.Address));
        Assert.Equal(((400L, 0L), (800L, 0L)), (await LotsAsync(market, 0, buyer.Address), await LotsAsync(market, 0, seller.Address)));
        Assert.Equal(((1_200L, 0L), (200L, 0L)), (await LotsAsync(market, 1, seller.Address), await LotsAsync(market, 2, third.Address)));
        Assert.Equal(7m, await WalletAsync(buyer.Address));
        Assert.Equal(Amount(1_200), await Vault.SetsAsync(market.Address));

        foreach (var account in new[] { buyer.Address, seller.Address, third.Address, Vault.Address, market.Address })
            await Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, ContractArtifact.MockUsdc.Encode("setBlocked", account, false));
    }

    [Fact]
    public async Task ALeg_DrawsOnThePurseThatItNames_WhateverIsInTheOther()
    {
        var market = await Venue.MarketAsync(2);
        var (inVault, inWallet) = (await TraderAsync("money in the vault", 100), await TraderAsync("money in the wallet", 0, 100));
        var (held, own) = (await SellerAsync("shares in the vault", market, 1_000), await TraderAsync("shares in the wallet", 0, 100));
        await Venue.MintSetAsync(market, own, 1_000);

        var vault = await FailsAsync(market, Buy(market, inWallet), Sell(market, held));
        Assert.Equal((SettlementFailure.InsufficientVaultBalance, inWallet.Address), (vault.Code, vault.Account));
        var wallet = await FailsAsync(market, OfWallet(Buy(market, inVault)), Sell(market, held));
        Assert.Equal((SettlementFailure.InsufficientCollateral, inVault.Address), (wallet.Code, wallet.Account));
        vault = await FailsAsync(market, Buy(market, inVault), Sell(market, own));
        Assert.Equal((SettlementFailure.InsufficientVaultBalance, own.Address), (vault.Code, vault.Account));
        wallet = await FailsAsync(market, Buy(market, inVault), OfWallet(Sell(market, held)));
        Assert.Equal((SettlementFailure.InsufficientShares, held.Address), (wallet.Code, wallet.Account));

        Assert.Equal((100m, 0m), await MoneyAsync(inVault.Address));
        Assert.Equal(100m, await WalletAsync(inWallet.Address));
    }

    /// <summary>Else a leg of the wallet would draw on the vault: the bits above those of the legs are no choice of any of them.</summary>
    [Fact]
    public async Task APurseOfALegThatIsNotThere_IsNoMatch()
    {
        const int FirstPurse = 248;
        const int Purses = 8;
        var market = await Venue.MarketAsync(3);
        var a = await TraderAsync("no such leg: a", 100, inWallet: 100);
        var b = await TraderAsync("no such leg: b", 100, inWallet: 100);
        var c = await TraderAsync("no such leg: c", 100, inWallet: 100);
        await Venue.MintSetAsync(market, b, 1_000);
        await DepositSharesAsync(b, market, 0, 500);

        foreach (var inVault in new[] { false, true })
        {
            foreach (
                var legs in new MarketLeg[][]
                {
                    [Buy(market, a), Sell(market, b)],
                    [Sell(market, b), Buy(market, a)],
                    [Buy(market, a, 0, 5_000), Buy(market, b, 1, 3_000), Buy(market, c, 2, 2_000)],
                }
            )
            {
                MarketLeg[] named = [.. legs.Select(leg => leg with { OfVault = inVault })];
                for (var bit = legs.Length; bit < Purses; bit++)
                {
                    var match = Venue.Match(named);
                    var (events, _) = await Venue.SettleAsync(
                        market,
                        match with
                        {
                            TradeId = match.TradeId | (BigInteger.One << (FirstPurse + bit)),
                        }
                    );
                    var failed = Assert.IsType<MarketEvent.SettlementFailed>(Assert.Single(events));
                    Assert.Equal(SettlementFailure.Malformed, SettlementFailure.Decode(failed.Reason).Code);
                    Assert.Equal(match.TradeId, failed.TradeId);
                }

                // The same legs without it are a match.
                await SettlesAsync(market, named);
            }
        }

        Assert.Equal(((98.5m, 0m), 98.5m), (await MoneyAsync(a.Address), await WalletAsync(a.Address)));
        Assert.Equal((300L, 0L), await LotsAsync(market, 0, b.Address));
        await AssertHoldsSharesAsync(market, a.Address, b.Address, c.Address);
    }

    [Fact]
    public async Task Proceeds_GoToThePurseThatPaid_InTradesOfVaultAndWallet()
    {
        var market = await Venue.MarketAsync(2);
        var a = await SellerAsync("mixed: vault", market, 1_000, inVault: 100);
        var b = await TraderAsync("mixed: wallet", 0, inWallet: 110);
        await Venue.MintSetAsync(market, b, 1_000);

        await SettlesAsync(market, OfWallet(Sell(market, b, 0, 4_000)), Buy(market, a, 0, 4_000));
        Assert.Equal((99.6m, 100.4m), ((await MoneyAsync(a.Address)).Free, await WalletAsync(b.Address)));
        Assert.Equal((1_100L, 900L), ((await LotsAsync(market, 0, a.Address)).Free, await Venue.LotsOfAsync(market, 0, b.Address)));

        await SettlesAsync(market, OfWallet(Buy(market, b, 1, 6_000, 200)), Sell(market, a, 1, 6_000, 200));
        Assert.Equal((100.8m, 99.2m), ((await MoneyAsync(a.Address)).Free, await WalletAsync(b.Address)));
        Assert.Equal((800L, 1_200L), ((await LotsAsync(market, 1, a.Address)).Free, await Venue.LotsOfAsync(market, 1, b.Address)));

        await SettlesAsync(market, OfWallet(Buy(market, b, 0, 3_000)), Buy(market, a, 1, 7_000));
        Assert.Equal((100.1m, 98.9m), ((await MoneyAsync(a.Address)).Free, await WalletAsync(b.Address)));
        Assert.Equal((900L, 1_000L), ((await LotsAsync(market, 1, a.Address)).Free, await Venue.LotsOfAsync(market, 0, b.Address)));

        await SettlesAsync(market, Sell(market, a, 0, 3_000), OfWallet(Sell(market, b, 1, 7_000)));
        Assert.Equal((100.4m, 99.6m), ((await MoneyAsync(a.Address)).Free, await WalletAsync(b.Address)));
        Assert.Equal((1_000L, 1_100L), ((await LotsAsync(market, 0, a.Address)).Free, await Venue.LotsOfAsync(market, 1, b.Address)));
        Assert.Equal((0m, 0m), await MoneyAsync(b.Address));
        Assert.Equal(0m, await WalletAsync(a.Address));

        // No complete set of shares is left in the vault: a later merge of purses never needs the token.
        var held = new[] { await Venue.LotsOfAsync(market, 0, Vault.Address), await Venue.LotsOfAsync(market, 1, Vault.Address) };
        Assert.Contains(0L, held);
        await AssertHoldsSharesAsync(market, a.Address, b.Address);
    }

    [Fact]
    public async Task ATradeMatchedBeforeAWithdrawal_DrawsOnTheFreePart_ThenOnWhatIsLeaving()
    {
        var market = await Venue.MarketAsync(2);
        var (buyer, seller) = (await TraderAsync("leaving: buyer", 1), await SellerAsync("leaving: seller", market, 120));
        var (buy, sell) = (Buy(market, buyer, lots: 100), Sell(market, seller, lots: 100));
        await ExecuteAsync(buyer, VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(0.7m)));
        await ExecuteAsync(seller, VaultContract.RequestWithdrawal(Share(market, 0), Amount(100)));

        // The free part covers the first of both.
        await SettlesAsync(market, Buy(market, buyer, lots: 20), Sell(market, seller, lots: 20));
        Assert.Equal((0.2m, 0.7m), await MoneyAsync(buyer.Address));
        Assert.Equal((0L, 100L), await LotsAsync(market, 0, seller.Address));
        await SettlesAsync(market, buy, sell);
        Assert.Equal((0m, 0.4m), await MoneyAsync(buyer.Address));
        Assert.Equal((0L, 0L), await LotsAsync(market, 0, seller.Address));
        // What they got is free, whatever leaves.
        Assert.Equal((120L, 0L), await LotsAsync(market, 0, buyer.Address));

        // More than both parts is too much.
        Assert.Equal(
            SettlementFailure.InsufficientVaultBalance,
            (await FailsAsync(market, Buy(market, buyer, 1, 5_001), Sell(market, seller, 1, 5_001))).Code
        );
        await PassDelayAsync();
        await ExecuteAsync(buyer, VaultContract.Finish(Usdc, buyer.Address));
        Assert.Equal(0.4m, await WalletAsync(buyer.Address));
        Assert.Equal("BadAmount", await RefusalAsync(seller, VaultContract.Finish(Share(market, 0), seller.Address)));
    }

    [Fact]
    public async Task AFirmTrade_Settles_WhateverItsMakersDoWithTheirWallets()
    {
        var market = await Venue.MarketAsync(2);
        var (buyer, seller) = (await TraderAsync("acts: buyer", 10, inWallet: 10), await SellerAsync("acts: seller", market, 1_000));
        var (buy, sell) = (Buy(market, buyer), Sell(market, seller));
        await Chain.ExecuteAsync(buyer, Venue.Usdc.Address, UsdcContract.Approve(Venue.Factory.Address, 0));
        await Chain.ExecuteAsync(buyer, Venue.Usdc.Address, UsdcContract.Approve(Vault.Address, 0));
        await Chain.ExecuteAsync(buyer, Venue.Usdc.Address, UsdcContract.Transfer(seller.Address, Exchange.Micros(10)));
        await Chain.ExecuteAsync(seller, Venue.Shares.Address, OutcomeTokenContract.SetApprovalForAll(Venue.Factory.Address, false));
        await ExecuteAsync(buyer, VaultContract.RequestWithdrawal(Usdc, Exchange.Micros(10)));
        await ExecuteAsync(seller, VaultContract.RequestWithdrawal(Share(market, 0), Amount(1_000)));
        await ExecuteAsync(buyer, VaultContract.RegisterSigningKey(seller.Address));
        await Chain.ExecuteAsync(buyer, market.Address, ContractArtifact.Market.Encode("cancelSalt", buy.Order.Salt));
        await Chain.ExecuteAsync(seller, market.Address, ContractArtifact.Market.Encode("cancelSalt", sell.Order.Salt));

        await SettlesAsync(market, buy, sell);
    }

    [Fact]
    public async Task ASaltCancel_CountsForTheVaultWhenTheDelayIsOver_AndForAWalletAtOnce()
    {
        var market = await Venue.MarketAsync(2);
        var (maker, seller) = (await TraderAsync("cancels", 100, inWallet: 100), await SellerAsync("not cancelled", market, 5_000));
        var buy = Buy(market, maker, lots: 1_000);
        var part = buy with { Amount = Amount(100) };
        var cancelled = await Chain.ExecuteAsync(maker, market.Address, ContractArtifact.Market.Encode("cancelSalt", buy.Order.Salt));
        var at = (await Chain.Client.GetBlockAsync(cancelled.BlockNumber))!.Timestamp;
        Assert.Equal(SettlementFailure.OrderCancelled, (await FailsAsync(market, OfWallet(part), Sell(market, seller))).Code);
        await SettlesAsync(market, part, Sell(market, seller));

        // Seconds alone, then blocks alone do not end it.
        await Venue.MineAtAsync(at + Delay.Seconds + 10);
        await SettlesAsync(market, part, Sell(market, seller));
        await Chain.MineAsync((int)(cancelled.BlockNumber + Delay.Blocks - 2 - await Chain.Client.BlockNumberAsync()));
        await SettlesAsync(market, part, Sell(market, seller));
        Assert.Equal(cancelled.BlockNumber + Delay.Blocks - 1, await Chain.Client.BlockNumberAsync());
        Assert.Equal(SettlementFailure.OrderCancelled, (await FailsAsync(market, part, Sell(market, seller))).Code);
    }

    /// <summary>Anybody can send a signed request again, and would keep the order alive with it.</summary>
    [Fact]
    public async Task ARepeatedCancel_DoesNotMakeItYoung()
    {
        var market = await Venue.MarketAsync(2);
        var (maker, seller) = (await TraderAsync("cancels once", 100), await SellerAsync("repeats it", market, 1_000));
        var buy = Buy(market, maker);
        var signature = OrderSigning.Sign(Exchange.DomainOf(market), new CancelSaltMessage(maker.Address, buy.Order.Salt), maker);
        var request = ContractArtifact.Market.Encode("cancelSaltSigned", maker.Address, buy.Order.Salt, signature);
        await Chain.ExecuteAsync(seller, market.Address, request);
        await PassDelayAsync();
        await Chain.ExecuteAsync(seller, market.Address, request);

        Assert.Equal(SettlementFailure.OrderCancelled, (await FailsAsync(market, buy, Sell(market, seller))).Code);
    }

    [Fact]
    public async Task AnExpiry_PassedByLessThanTheDelay_IsAcceptedForTheVaultOnly()
    {
        var market = await Venue.MarketAsync(2);
        var (maker, seller) = (await TraderAsync("expires", 100, inWallet: 100), await SellerAsync("waits", market, 5_000));
        var expiry = await Venue.NowAsync() + 100;
        var buy = Buy(market, maker, lots: 1_000, expiry: expiry) with { Amount = Amount(100) };
        await Venue.MineAtAsync(expiry + 1);
        Assert.Equal(SettlementFailure.OrderExpired, (await FailsAsync(market, OfWallet(buy), Sell(market, seller))).Code);

        async Task<MarketEvent> SettleAtAsync(long second)
        {
            await Chain.RequestAsync("evm_setNextBlockTimestamp", second);
            var call = MarketContract.Settle([Venue.Match(buy, Sell(market, seller))]);
            var receipt = await Chain.SendAsync(Venue.Operator, market.Address, call, 3_000_000);
            return Exchange.EventsOf(market, receipt)[^1];
        }

        Assert.IsType<MarketEvent.TradeSettled>(await SettleAtAsync(expiry + Delay.Seconds - 1));
        var failed = Assert.IsType<MarketEvent.SettlementFailed>(await SettleAtAsync(expiry + Delay.Seconds));
        Assert.Equal(SettlementFailure.OrderExpired, SettlementFailure.Decode(failed.Reason).Code);
        // An expiry near the end of numbers passes no check by overflow.
        var last = Venue.Leg(market, maker, 0, true, 5_000, 100) with
        {
            OfVault = true,
        };
        last = last with { Order = last.Order with { Expiry = Word.MaxUInt256 } };
        last = last with { Signature = OrderSigning.Sign(Exchange.DomainOf(market), last.Order, maker) };
        await SettlesAsync(market, last, Sell(market, seller));
    }

    [Fact]
    public async Task APause_StopsMintingAndTradesOfWallets_AndNoFirmTrade()
    {
        var market = await Venue.MarketAsync(2);
        var buyer = await TraderAsync("pause: buyer", 100, inWallet: 100);
        var seller = await SellerAsync("pause: seller", market, 1_000, inVault: 100);
        await Chain.ExecuteAsync(Venue.Operator, market.Address, ContractArtifact.Market.Encode("pause"));
        await ExecuteAsync(Venue.Operator, ContractArtifact.Vault.Encode("pause"));

        await SettlesAsync(market, Buy(market, buyer), Sell(market, seller));
        await SettlesAsync(market, Buy(market, buyer, 0, 4_000), Buy(market, seller, 1, 6_000));
        await SettlesAsync(market, Sell(market, buyer, 0, 4_000), Sell(market, seller, 1, 6_000));
        foreach (var (buy, sell) in new[] { (true, false), (false, true), (false, false) })
        {
            var failure = await FailsAsync(market, Buy(market, buyer) with { OfVault = buy }, Sell(market, seller) with { OfVault = sell });
            Assert.Equal(SettlementFailure.MarketPaused, failure.Code);
        }

        Assert.Equal("MarketPaused", await RefusalAsync(buyer, MarketContract.MintSet(Amount(1)), market.Address));
        // What leaves may have to be made of sets inside, and no pause keeps it in.
        await ExecuteAsync(seller, VaultContract.RequestWithdrawal(Share(market, 1), Amount(1)));
        await PassDelayAsync();
        await ExecuteAsync(seller, VaultContract.Finish(Share(market, 1), seller.Address));
        await ExecuteAsync(Venue.Admin, ContractArtifact.Vault.Encode("unpause"));
    }

    [Fact]
    public async Task EveryCheckOfAnOrder_HoldsForTheVaultAsWell()
    {
        var market = await Venue.MarketAsync(2);
        var (buyer, seller) = (await TraderAsync("checks: buyer", 100), await SellerAsync("checks: seller", market, 5_000));
        var buy = Buy(market, buyer);
        async Task<string> CodeAsync(MarketLeg leg, MarketLeg? other = null) =>
            (await FailsAsync(market, leg, other ?? Sell(market, seller))).Code;
        Assert.Equal(SettlementFailure.InvalidSignature, await CodeAsync(buy with { Signature = Buy(market, seller).Signature }));
        Assert.Equal(SettlementFailure.InvalidSignature, await CodeAsync(buy with { Order = buy.Order with { Maker = seller.Address } }));
        Assert.Equal(SettlementFailure.InvalidSignature, await CodeAsync(buy with { Order = buy.Order with { Maker = Address.Zero } }));
        Assert.Equal(
            SettlementFailure.PriceOutsideLimit,
            await CodeAsync(buy with { Price = 500_100 }, Sell(market, seller) with { Price = 500_100 })
        );
        Assert.Equal(
            SettlementFailure.OrderOverfilled,
            await CodeAsync(buy with { Amount = Amount(200) }, Sell(market, seller, lots: 200))
        );
        Assert.Equal(SettlementFailure.Malformed, await CodeAsync(buy, Sell(market, seller, 0, 4_900)));
        Assert.Equal(SettlementFailure.Malformed, await CodeAsync(buy with { Amount = 1 }, Sell(market, seller) with { Amount = 1 }));

        var match = Venue.Match(buy, Sell(market, seller));
        var (events, _) = await Venue.SettleAsync(market, match, match);
        Assert.Single(events.OfType<MarketEvent.TradeSettled>());
        var twice = Assert.Single(events.OfType<MarketEvent.SettlementFailed>());
        Assert.Equal(SettlementFailure.DuplicateTrade, SettlementFailure.Decode(twice.Reason).Code);
        Assert.Equal((99.5m, 0m), await MoneyAsync(buyer.Address));
    }

    [Fact]
    public async Task AccountsOnBothSides_GainNothing()
    {
        var market = await Venue.MarketAsync(2);
        var both = await SellerAsync("both sides", market, 100, inVault: 10);
        await SettlesAsync(market, Buy(market, both), Sell(market, both));
        await SettlesAsync(market, Buy(market, both, 0), Buy(market, both, 1));
        await SettlesAsync(market, Sell(market, both, 0), Sell(market, both, 1));
        Assert.Equal((10m, 0m), await MoneyAsync(both.Address));
        Assert.Equal(((100L, 0L), (100L, 0L)), (await LotsAsync(market, 0, both.Address), await LotsAsync(market, 1, both.Address)));
    }

    [Fact]
    public async Task AContractThatIsNoMarket_ReachesNothing()
    {
        // A market that somebody made for themselves calls itself a market, and the vault does not.
        var market = await Venue.MarketAsync(2);
        var owner = await SellerAsync("reached", market, 100, inVault: 10);
        var call = ContractArtifact.Vault.Encode("draw", owner.Address, Usdc, 1);
        Assert.Equal("OnlyMarket", await RefusalAsync(owner, call));
        Assert.Equal("OnlyMarket", await RefusalAsync(owner, ContractArtifact.Vault.Encode("fold", owner.Address)));

        // Nor does a market reach the shares of another.
        var other = await Venue.MarketAsync(2);
        foreach (var function in new[] { "draw", "pay" })
        {
            call = ContractArtifact.Vault.Encode(function, owner.Address, Share(market, 0), Amount(1));
            Assert.Equal("UnknownAsset", await RefusalAsync(other.Address, call));
            Assert.Null(await RefusalAsync(market.Address, call));
        }
    }
}

/// <summary>A factory without a vault, as before there was one.</summary>
[Trait("Category", "Firm")]
public sealed class WithoutVaultTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    [Fact]
    public async Task ALegOfTheVault_IsNoMatch()
    {
        var venue = fixture.Exchange;
        Assert.Null(await venue.Factory.VaultAsync());
        var market = await venue.MarketAsync(2);
        var (buyer, seller) = (await venue.TraderAsync("no vault: buyer", 100), await venue.TraderAsync("no vault: seller", 100));
        await venue.MintSetAsync(market, seller, 1_000);
        MarketLeg Leg(bool isBuy) => venue.Leg(market, isBuy ? buyer : seller, 0, isBuy, 5_000, 100);
        foreach (var (buy, sell) in new[] { (true, true), (true, false), (false, true) })
        {
            var match = venue.Match(Leg(true) with { OfVault = buy }, Leg(false) with { OfVault = sell });
            var (events, _) = await venue.SettleAsync(market, match);
            var failed = Assert.Single(events.OfType<MarketEvent.SettlementFailed>());
            Assert.Equal(SettlementFailure.Malformed, SettlementFailure.Decode(failed.Reason).Code);
        }
    }
}
