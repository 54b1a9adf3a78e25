using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class SettlementFailureTests(ExchangeFixture fixture) : SettlementScenario(fixture)
{
    [Fact]
    public async Task BuyerSpentTheMoney()
    {
        await SetUpAsync("drained");
        var bad = Venue.Match(Buy(Bad), Sell(Seller));
        await Venue.Chain.ExecuteAsync(Bad, Venue.Usdc.Address, UsdcContract.Transfer(Buyer.Address, Exchange.Micros(90)));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal(
            (SettlementFailure.InsufficientCollateral, FailureBlame.Maker, Bad.Address),
            (failure.Code, failure.Blame, failure.Account)
        );
    }

    [Fact]
    public async Task BuyerRevokedTheApproval()
    {
        await SetUpAsync("revoked");
        var bad = Venue.Match(Buy(Bad), Sell(Seller));
        await Venue.Chain.ExecuteAsync(Bad, Venue.Usdc.Address, UsdcContract.Approve(Venue.Factory.Address, 0));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.InsufficientCollateral, Bad.Address), (failure.Code, failure.Account));
    }

    [Fact]
    public async Task SellerRevokedTheApproval()
    {
        await SetUpAsync("shares revoked");
        var bad = Venue.Match(Buy(Buyer), Sell(Bad));
        await Venue.Chain.ExecuteAsync(Bad, Venue.Shares.Address, OutcomeTokenContract.SetApprovalForAll(Venue.Factory.Address, false));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal(
            (SettlementFailure.InsufficientShares, FailureBlame.Maker, Bad.Address),
            (failure.Code, failure.Blame, failure.Account)
        );
    }

    [Fact]
    public async Task SellerSentTheSharesAway()
    {
        await SetUpAsync("shares gone");
        var bad = Venue.Match(Sell(Bad), Buy(Buyer));
        var id = OutcomeTokenContract.IdOf(Market.Address, 0);
        await Venue.Chain.ExecuteAsync(
            Bad,
            Venue.Shares.Address,
            OutcomeTokenContract.Transfer(Bad.Address, Seller.Address, id, 1_000 * OrderMessage.AmountPerLot)
        );

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.InsufficientShares, Bad.Address), (failure.Code, failure.Account));
    }

    [Fact]
    public async Task IssuerOfTheMoneyBlockedTheBuyer()
    {
        await SetUpAsync("blocked");
        var bad = Venue.Match(Buy(Bad), Sell(Seller));
        await Venue.Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, ContractArtifact.MockUsdc.Encode("setBlocked", Bad.Address, true));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.TransferRefused, (Address?)null), (failure.Code, failure.Account));
        Assert.Equal((Bad.Address, Seller.Address), (failure.Transfer!.From, failure.Transfer.To));
    }

    [Fact]
    public async Task IssuerOfTheMoneyBlockedASellerWhoIsToBePaidFromTheCollateral()
    {
        await SetUpAsync("blocked payout");
        await Venue.Chain.ExecuteAsync(Venue.Admin, Venue.Usdc.Address, ContractArtifact.MockUsdc.Encode("setBlocked", Bad.Address, true));

        var failure = await OnlyThisFailsAsync(Venue.Match(Sell(Seller), Sell(Bad, outcome: 1)));

        Assert.Equal((SettlementFailure.PayoutRefused, FailureBlame.Maker, Bad.Address), (failure.Code, failure.Blame, failure.Account));
    }

    [Fact]
    public async Task OneBuyerOfACompleteSetCannotPay_AndTheOthersKeepTheirMoney()
    {
        await SetUpAsync("set");
        var other = await Venue.TraderAsync("set: other", 100);
        var three = await Venue.MarketAsync(3);
        await Venue.Chain.ExecuteAsync(Bad, Venue.Usdc.Address, UsdcContract.Approve(Venue.Factory.Address, 1));
        MarketMatch Set(PrivateKey last) =>
            Venue.Match(
                Venue.Leg(three, Buyer, 0, true, 2_000, 100),
                Venue.Leg(three, other, 1, true, 3_000, 100),
                Venue.Leg(three, last, 2, true, 5_000, 100)
            );
        var (bad, good) = (Set(Bad), Set(Seller));

        var (events, _) = await Venue.SettleAsync(three, bad, good);

        var failed = Assert.Single(events.OfType<MarketEvent.SettlementFailed>());
        Assert.Equal((bad.TradeId, (Address?)Bad.Address), (failed.TradeId, SettlementFailure.Decode(failed.Reason).Account));
        Assert.Equal(good.TradeId, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).TradeId);
        Assert.Equal(Exchange.Micros(99.7m), await Venue.MicrosOfAsync(other.Address));
        Assert.Equal(100, await Venue.LotsOfAsync(three, 1, other.Address));
        Assert.Equal(Exchange.Micros(1), await Venue.MicrosOfAsync(three.Address));
    }

    [Fact]
    public async Task MakerCancelledTheSalt()
    {
        await SetUpAsync("cancelled");
        var buy = Buy(Bad);
        var receipt = await Venue.Chain.ExecuteAsync(Bad, Market.Address, Calls.Market("cancelSalt", buy.Order.Salt));
        var cancelled = Assert.Single(Exchange.EventsOf(Market, receipt).OfType<MarketEvent.SaltCancelled>());
        Assert.Equal((Bad.Address, buy.Order.Salt), (cancelled.Maker, cancelled.Salt));

        var failure = await OnlyThisFailsAsync(Venue.Match(buy, Sell(Seller)));

        Assert.Equal((SettlementFailure.OrderCancelled, FailureBlame.Maker, HashOf(buy)), (failure.Code, failure.Blame, failure.OrderHash));
    }

    [Fact]
    public async Task MakerCancelledTheSaltBySignature_ForOneselfAndNobodyElse()
    {
        await SetUpAsync("cancelled by signature");
        var buy = Buy(Bad);
        var cancel = new CancelSaltMessage(Bad.Address, buy.Order.Salt);
        var foreign = OrderSigning.Sign(Exchange.DomainOf(Market), cancel, Seller);
        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            Venue.Chain.ExecuteAsync(Seller, Market.Address, Calls.Market("cancelSaltSigned", Bad.Address, cancel.Salt, foreign))
        );
        Assert.Equal(SettlementFailure.InvalidSignature, SettlementFailure.Decode(refused.RevertData).Code);

        var signature = OrderSigning.Sign(Exchange.DomainOf(Market), cancel, Bad);
        await Venue.Chain.ExecuteAsync(Seller, Market.Address, Calls.Market("cancelSaltSigned", Bad.Address, cancel.Salt, signature));

        Assert.True(
            await Market.ReadAsync<bool>(ContractArtifact.Market.Function("isSaltCancelled"), default, default, Bad.Address, cancel.Salt)
        );
        Assert.Equal(SettlementFailure.OrderCancelled, (await OnlyThisFailsAsync(Venue.Match(buy, Sell(Seller)))).Code);
    }

    [Fact]
    public async Task OrderExpired()
    {
        await SetUpAsync("expired");
        var latest = (await Venue.Chain.Client.GetBlockAsync(BlockRef.Latest))!;
        var sell = Venue.Leg(Market, Bad, 0, isBuy: false, 5_000, 100, expiry: latest.Timestamp - 1);

        var failure = await OnlyThisFailsAsync(Venue.Match(Buy(Buyer), sell));

        Assert.Equal((SettlementFailure.OrderExpired, HashOf(sell)), (failure.Code, failure.OrderHash));
    }

    [Fact]
    public async Task TradeThatFailedBefore_MaySettleLater()
    {
        await SetUpAsync("second chance");
        var match = Venue.Match(Buy(Bad), Sell(Seller));
        await Venue.Chain.ExecuteAsync(Bad, Venue.Usdc.Address, UsdcContract.Approve(Venue.Factory.Address, 0));
        await OnlyThisFailsAsync(match);
        await Venue.Chain.ExecuteAsync(Bad, Venue.Usdc.Address, UsdcContract.Approve(Venue.Factory.Address, Word.MaxUInt256));

        var (events, _) = await Venue.SettleAsync(Market, match);

        Assert.Equal(match.TradeId, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).TradeId);
    }
}
