using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

/// <summary>One match of a batch that cannot be settled changes nothing, says why, and stops no other.</summary>
public sealed class SettlementFailureTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;
    private MarketContract _market = null!;
    private PrivateKey _buyer = null!;
    private PrivateKey _seller = null!;
    private PrivateKey _bad = null!;

    [Fact]
    public async Task BuyerSpentTheMoney()
    {
        await SetUpAsync("drained");
        var bad = _exchange.Match(Buy(_bad), Sell(_seller));
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Usdc.Address, UsdcContract.Transfer(_buyer.Address, Exchange.Micros(90)));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.InsufficientCollateral, FailureBlame.Maker, _bad.Address), (failure.Code, failure.Blame, failure.Account));
    }

    [Fact]
    public async Task BuyerRevokedTheApproval()
    {
        await SetUpAsync("revoked");
        var bad = _exchange.Match(Buy(_bad), Sell(_seller));
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Usdc.Address, UsdcContract.Approve(_exchange.Factory.Address, 0));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.InsufficientCollateral, _bad.Address), (failure.Code, failure.Account));
    }

    [Fact]
    public async Task SellerRevokedTheApproval()
    {
        await SetUpAsync("shares revoked");
        var bad = _exchange.Match(Buy(_buyer), Sell(_bad));
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Shares.Address, OutcomeTokenContract.SetApprovalForAll(_exchange.Factory.Address, false));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.InsufficientShares, FailureBlame.Maker, _bad.Address), (failure.Code, failure.Blame, failure.Account));
    }

    [Fact]
    public async Task SellerSentTheSharesAway()
    {
        await SetUpAsync("shares gone");
        var bad = _exchange.Match(Sell(_bad), Buy(_buyer));
        var id = OutcomeTokenContract.IdOf(_market.Address, 0);
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Shares.Address,
            OutcomeTokenContract.SafeTransferFrom(_bad.Address, _seller.Address, id, 1_000 * OrderMessage.AmountPerLot));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.InsufficientShares, _bad.Address), (failure.Code, failure.Account));
    }

    [Fact]
    public async Task IssuerOfTheMoneyBlockedTheBuyer()
    {
        await SetUpAsync("blocked");
        var bad = _exchange.Match(Buy(_bad), Sell(_seller));
        await _exchange.Chain.ExecuteAsync(_exchange.Admin, _exchange.Usdc.Address, UsdcContract.SetBlocked(_bad.Address, true));

        var failure = await OnlyThisFailsAsync(bad);

        Assert.Equal((SettlementFailure.TransferRefused, _bad.Address), (failure.Code, failure.Account));
    }

    [Fact]
    public async Task IssuerOfTheMoneyBlockedASellerWhoIsToBePaidFromTheCollateral()
    {
        await SetUpAsync("blocked payout");
        await _exchange.Chain.ExecuteAsync(_exchange.Admin, _exchange.Usdc.Address, UsdcContract.SetBlocked(_bad.Address, true));

        var failure = await OnlyThisFailsAsync(_exchange.Match(Sell(_seller), Sell(_bad, outcome: 1)));

        Assert.Equal((SettlementFailure.PayoutRefused, FailureBlame.Maker, _bad.Address), (failure.Code, failure.Blame, failure.Account));
    }

    [Fact]
    public async Task OneBuyerOfACompleteSetCannotPay_AndTheOthersKeepTheirMoney()
    {
        await SetUpAsync("set");
        var other = await _exchange.TraderAsync("set: other", 100);
        var three = await _exchange.MarketAsync(3);
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Usdc.Address, UsdcContract.Approve(_exchange.Factory.Address, 1));
        MarketMatch Set(PrivateKey last) => _exchange.Match(
            _exchange.Leg(three, _buyer, 0, true, 2_000, 100), _exchange.Leg(three, other, 1, true, 3_000, 100), _exchange.Leg(three, last, 2, true, 5_000, 100));
        var (bad, good) = (Set(_bad), Set(_seller));

        var (events, _) = await _exchange.SettleAsync(three, bad, good);

        var failed = Assert.Single(events.OfType<MarketEvent.SettlementFailed>());
        Assert.Equal((bad.TradeId, (Address?)_bad.Address), (failed.TradeId, SettlementFailure.Decode(failed.Reason).Account));
        Assert.Equal(good.TradeId, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).TradeId);
        Assert.Equal(Exchange.Micros(99.7m), await _exchange.MicrosOfAsync(other.Address));
        Assert.Equal(100, await _exchange.LotsOfAsync(three, 1, other.Address));
        Assert.Equal(Exchange.Micros(1), await _exchange.MicrosOfAsync(three.Address));
    }

    [Fact]
    public async Task MakerCancelledTheSalt()
    {
        await SetUpAsync("cancelled");
        var buy = Buy(_bad);
        var receipt = await _exchange.Chain.ExecuteAsync(_bad, _market.Address, MarketContract.CancelSalt(buy.Order.Salt));
        var cancelled = Assert.Single(Exchange.EventsOf(_market, receipt).OfType<MarketEvent.SaltCancelled>());
        Assert.Equal((_bad.Address, buy.Order.Salt), (cancelled.Maker, cancelled.Salt));

        var failure = await OnlyThisFailsAsync(_exchange.Match(buy, Sell(_seller)));

        Assert.Equal((SettlementFailure.OrderCancelled, FailureBlame.Maker, HashOf(buy)), (failure.Code, failure.Blame, failure.OrderHash));
    }

    [Fact]
    public async Task MakerCancelledTheSaltBySignature_ForOneselfAndNobodyElse()
    {
        await SetUpAsync("cancelled by signature");
        var buy = Buy(_bad);
        var cancel = new CancelSaltMessage(_bad.Address, buy.Order.Salt);
        var foreign = OrderSigning.Sign(Exchange.DomainOf(_market), cancel, _seller);
        var refused = await Assert.ThrowsAsync<RpcException>(() => _exchange.Chain.ExecuteAsync(
            _seller, _market.Address, MarketContract.CancelSaltSigned(_bad.Address, cancel.Salt, foreign)));
        Assert.Equal(SettlementFailure.InvalidSignature, SettlementFailure.Decode(refused.RevertData).Code);

        var signature = OrderSigning.Sign(Exchange.DomainOf(_market), cancel, _bad);
        await _exchange.Chain.ExecuteAsync(_seller, _market.Address, MarketContract.CancelSaltSigned(_bad.Address, cancel.Salt, signature));

        Assert.True(await _market.IsSaltCancelledAsync(_bad.Address, cancel.Salt));
        Assert.Equal(SettlementFailure.OrderCancelled, (await OnlyThisFailsAsync(_exchange.Match(buy, Sell(_seller)))).Code);
    }

    [Fact]
    public async Task OrderExpired()
    {
        await SetUpAsync("expired");
        var latest = (await _exchange.Chain.Client.GetBlockAsync(BlockRef.Latest))!;
        var sell = _exchange.Leg(_market, _bad, 0, isBuy: false, 5_000, 100, expiry: latest.Timestamp - 1);

        var failure = await OnlyThisFailsAsync(_exchange.Match(Buy(_buyer), sell));

        Assert.Equal((SettlementFailure.OrderExpired, HashOf(sell)), (failure.Code, failure.OrderHash));
    }

    [Fact]
    public async Task OrderFilledBeyondItsAmount()
    {
        await SetUpAsync("overfilled");
        var failure = await OnlyThisFailsAsync(_exchange.Match(_exchange.Leg(_market, _bad, 0, true, 5_000, 100, fillLots: 101), Sell(_seller, 101)));
        Assert.Equal(SettlementFailure.OrderOverfilled, failure.Code);
    }

    [Fact]
    public async Task TradeSettledBefore()
    {
        await SetUpAsync("twice");
        var match = _exchange.Match(Buy(_buyer), Sell(_seller));
        await _exchange.SettleAsync(_market, match);

        var failure = await OnlyThisFailsAsync(match with { Legs = _exchange.Match(Buy(_bad), Sell(_seller)).Legs });

        Assert.Equal((SettlementFailure.DuplicateTrade, FailureBlame.Relayer), (failure.Code, failure.Blame));
    }

    [Fact]
    public async Task TradeThatFailedBefore_MaySettleLater()
    {
        await SetUpAsync("second chance");
        var match = _exchange.Match(Buy(_bad), Sell(_seller));
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Usdc.Address, UsdcContract.Approve(_exchange.Factory.Address, 0));
        await OnlyThisFailsAsync(match);
        await _exchange.Chain.ExecuteAsync(_bad, _exchange.Usdc.Address, UsdcContract.Approve(_exchange.Factory.Address, Word.MaxUInt256));

        var (events, _) = await _exchange.SettleAsync(_market, match);

        Assert.Equal(match.TradeId, Assert.Single(events.OfType<MarketEvent.TradeSettled>()).TradeId);
    }

    /// <summary>The signature matrix again, this time as the contract sees it.</summary>
    [Fact]
    public async Task SignatureThatIsNotTheMakersOfThisOrderInThisMarket()
    {
        await SetUpAsync("matrix");
        var good = Buy(_bad);
        var other = await _exchange.MarketAsync(2);
        var (domain, order, v) = (Exchange.DomainOf(_market), good.Order, good.Signature[64]);
        var s = new BigInteger(good.Signature.AsSpan(32, 32), isUnsigned: true, isBigEndian: true);
        var n = new BigInteger(Secp256k1.Order, isUnsigned: true, isBigEndian: true);
        byte[] rs = good.Signature[..64];
        MarketLeg Signed(TypedDataDomain by) => good with { Signature = OrderSigning.Sign(by, order, _bad) };
        MarketLeg[] wrong =
        [
            Signed(TypedDataDomain.OfMarket(1, _market.Address)),
            Signed(Exchange.DomainOf(other)),
            Signed(new TypedDataDomain("Foresight", "1", AnvilChain.ChainId, _market.Address)),
            Signed(new TypedDataDomain(TypedDataDomain.MarketName, "2", AnvilChain.ChainId, _market.Address)),
            good with { Signature = OrderSigning.Sign(domain, order, _seller) },
            good with { Order = order with { Amount = order.Amount * 2 } },
            good with { Order = order with { Price = order.Price + 100 } },
            good with { Order = order with { Salt = order.Salt + 1_000_000 } },
            good with { Order = order with { Expiry = 4_000_000_000 } },
            good with { Order = order with { Maker = _buyer.Address } },
            good with { Order = order with { Maker = Address.Zero } },
            good with { Signature = [.. good.Signature[..32], .. Word.ToBytes(n - s), (byte)(55 - v)] },
            good with { Signature = [.. rs, (byte)(v - 27)] },
            good with { Signature = rs },
            good with { Signature = [.. rs[..32], (byte)(rs[32] | (v == 28 ? 0x80 : 0)), .. rs[33..]] },
            good with { Signature = [.. good.Signature, 0] },
            good with { Signature = [] },
            good with { Signature = new byte[65] },
        ];

        var (events, _) = await _exchange.SettleAsync(_market, [.. wrong.Select(leg => _exchange.Match(leg, Sell(_seller)))]);

        Assert.Empty(events.OfType<MarketEvent.TradeSettled>());
        Assert.All(events.OfType<MarketEvent.SettlementFailed>(), e => Assert.Equal(SettlementFailure.InvalidSignature, SettlementFailure.Decode(e.Reason).Code));
        Assert.Equal(wrong.Length, events.OfType<MarketEvent.SettlementFailed>().Count());

        // And the one that is right is still good after all of them.
        var (after, _) = await _exchange.SettleAsync(_market, _exchange.Match(good, Sell(_seller)));
        Assert.Single(after.OfType<MarketEvent.TradeSettled>());
    }

    [Fact]
    public async Task PriceBeyondTheLimit()
    {
        await SetUpAsync("limit");
        var tooDear = _exchange.Match(_exchange.Leg(_market, _bad, 0, true, 5_000, 100, fillTicks: 5_001), _exchange.Leg(_market, _seller, 0, false, 5_000, 100, fillTicks: 5_001));
        var failure = await OnlyThisFailsAsync(tooDear);
        Assert.Equal((SettlementFailure.PriceOutsideLimit, FailureBlame.Relayer, HashOf(tooDear.Legs[0])), (failure.Code, failure.Blame, failure.OrderHash));

        var tooCheap = _exchange.Match(_exchange.Leg(_market, _bad, 0, true, 5_000, 100, fillTicks: 4_999), _exchange.Leg(_market, _seller, 0, false, 5_000, 100, fillTicks: 4_999));
        Assert.Equal(HashOf(tooCheap.Legs[1]), (await OnlyThisFailsAsync(tooCheap)).OrderHash);
    }

    [Fact]
    public async Task LegsThatAreNoMatch()
    {
        await SetUpAsync("malformed");
        var lot = OrderMessage.AmountPerLot;
        MarketMatch[] malformed =
        [
            _exchange.Match(),
            _exchange.Match(Buy(_bad)),
            _exchange.Match(Buy(_bad), Buy(_buyer)),
            _exchange.Match(Sell(_bad), Sell(_seller)),
            _exchange.Match(Buy(_bad), Sell(_seller, 100, outcome: 1)),
            _exchange.Match(Buy(_bad), Sell(_seller, 99)),
            _exchange.Match(Buy(_bad), Sell(_seller), Sell(_seller)),
            _exchange.Match(Buy(_bad), Sell(_seller) with { Price = 500_100 }),
            _exchange.Match(_exchange.Leg(_market, _bad, 0, true, 5_000, 100), _exchange.Leg(_market, _buyer, 1, true, 4_999, 100)),
            _exchange.Match(_exchange.Leg(_market, _bad, 0, true, 5_000, 100), _exchange.Leg(_market, _buyer, 1, true, 5_001, 100)),
            _exchange.Match(_exchange.Leg(_market, _bad, 2, true, 5_000, 100), _exchange.Leg(_market, _seller, 2, false, 5_000, 100)),
            _exchange.Match(Buy(_bad) with { Amount = lot / 2 }, Sell(_seller) with { Amount = lot / 2 }),
            _exchange.Match(Buy(_bad) with { Amount = 0 }, Sell(_seller) with { Amount = 0 }),
            _exchange.Match(_exchange.Leg(_market, _bad, 0, true, 5_000, 100) with { Price = 499_950 }, Sell(_seller) with { Price = 499_950 }),
            _exchange.Match(Buy(_bad) with { Price = 0 }, Sell(_seller) with { Price = 0 }),
            _exchange.Match(Buy(_bad), Sell(_seller)) with { TradeId = 0 },
        ];

        var (events, _) = await _exchange.SettleAsync(_market, malformed);

        Assert.Equal(malformed.Length, events.OfType<MarketEvent.SettlementFailed>().Count());
        Assert.All(events.OfType<MarketEvent.SettlementFailed>(), e => Assert.Equal(SettlementFailure.Malformed, SettlementFailure.Decode(e.Reason).Code));
    }

    [Fact]
    public async Task MarketPaused_FailsEveryMatch_AndNotTheTransaction()
    {
        await SetUpAsync("paused");
        await _exchange.Chain.ExecuteAsync(_exchange.Operator, _market.Address, MarketContract.Pause());

        var match = _exchange.Match(Buy(_buyer), Sell(_seller));
        var (events, _) = await _exchange.SettleAsync(_market, match);
        var failure = SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason);
        Assert.Equal((SettlementFailure.MarketPaused, FailureBlame.Nobody), (failure.Code, failure.Blame));

        await _exchange.Chain.ExecuteAsync(_exchange.Admin, _market.Address, MarketContract.Unpause());
        (events, _) = await _exchange.SettleAsync(_market, match);
        Assert.Single(events.OfType<MarketEvent.TradeSettled>());
    }

    [Fact]
    public async Task TooLittleGas_RevertsTheBatch_InsteadOfTellingOfFailures()
    {
        await SetUpAsync("gas");
        MarketMatch[] matches = [.. Enumerable.Range(0, 5).Select(_ => _exchange.Match(Buy(_buyer), Sell(_seller)))];
        var data = MarketContract.Settle(matches);
        var enough = await _exchange.Chain.Client.EstimateGasAsync(new CallRequest(_market.Address, data, _exchange.Operator.Address));

        // From above what the transaction costs before it runs: a node does not mine less than that at all.
        for (var gas = 400_000; gas < enough; gas += 150_000)
        {
            var receipt = await _exchange.Chain.SendAsync(_exchange.Operator, _market.Address, data, gas);
            Assert.False(receipt.Succeeded);
            Assert.Empty(receipt.Logs);
        }

        var settled = await _exchange.Chain.SendAsync(_exchange.Operator, _market.Address, data, enough);
        Assert.Equal(5, Exchange.EventsOf(_market, settled).OfType<MarketEvent.TradeSettled>().Count());
    }

    private async Task SetUpAsync(string name)
    {
        _market = await _exchange.MarketAsync(2);
        _buyer = await _exchange.TraderAsync($"{name}: buyer", 100);
        _seller = await _exchange.TraderAsync($"{name}: seller", 100);
        _bad = await _exchange.TraderAsync($"{name}: bad", 100);
        await _exchange.MintSetAsync(_market, _seller, 5_000);
        await _exchange.MintSetAsync(_market, _bad, 1_000);
    }

    private MarketLeg Buy(PrivateKey maker) => _exchange.Leg(_market, maker, 0, isBuy: true, 5_000, 100);

    private MarketLeg Sell(PrivateKey maker, long lots = 100, int outcome = 0) => _exchange.Leg(_market, maker, outcome, isBuy: false, 5_000, lots);

    private Hash32 HashOf(MarketLeg leg) => OrderSigning.OrderHash(Exchange.DomainOf(_market), leg.Order);

    /// <summary>Settles it between two good ones, and makes sure that it changed nothing.</summary>
    private async Task<SettlementFailure> OnlyThisFailsAsync(MarketMatch bad)
    {
        var before = await HoldingsOfBadAsync();
        var (first, last) = (_exchange.Match(Buy(_buyer), Sell(_seller)), _exchange.Match(Buy(_buyer), Sell(_seller)));

        var (events, _) = await _exchange.SettleAsync(_market, first, bad, last);

        Assert.Equal([first.TradeId, last.TradeId], events.OfType<MarketEvent.TradeSettled>().Select(e => e.TradeId));
        Assert.Equal(4, events.OfType<MarketEvent.OrderFilled>().Count());
        var failed = Assert.Single(events.OfType<MarketEvent.SettlementFailed>());
        Assert.Equal(bad.TradeId, failed.TradeId);
        Assert.Equal(before, await HoldingsOfBadAsync());
        return SettlementFailure.Decode(failed.Reason);
    }

    private async Task<(BigInteger, long, long)> HoldingsOfBadAsync() => (
        await _exchange.MicrosOfAsync(_bad.Address),
        await _exchange.LotsOfAsync(_market, 0, _bad.Address),
        await _exchange.LotsOfAsync(_market, 1, _bad.Address));
}
