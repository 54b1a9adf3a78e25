using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class RedemptionTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    [Fact]
    public async Task Redeem_PaysTheWinnerLessTheFee_WhichProtocolAndLiquidityShare()
    {
        var market = await _exchange.MarketAsync(3);
        var trader = await _exchange.TraderAsync("redeeming", 100);
        await _exchange.MintSetAsync(market, trader, 5_000);
        Assert.Equal("MarketNotResolved()", await RefusalAsync(trader, market, Calls.Market("redeem", 1, OrderMessage.AmountPerLot)));
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("resolve", 1));
        Assert.Equal("LosingOutcome(uint256)", await RefusalAsync(trader, market, Calls.Market("redeem", 0, OrderMessage.AmountPerLot)));

        var receipt = await _exchange.Chain.ExecuteAsync(
            trader,
            market.Address,
            Calls.Market("redeem", 1, 5_000 * OrderMessage.AmountPerLot)
        );

        // The fee is 2 % of 50 USDC, a quarter of it for the protocol.
        var redeemed = Assert.Single(Exchange.EventsOf(market, receipt).OfType<MarketEvent.Redeemed>());
        Assert.Equal((Exchange.Micros(49), Exchange.Micros(1)), (redeemed.Paid, redeemed.Fee));
        Assert.Equal(Exchange.Micros(99), await _exchange.MicrosOfAsync(trader.Address));
        Assert.Equal(Exchange.Micros(1), await _exchange.MicrosOfAsync(market.Address));
        var (protocol, liquidity) = (await _exchange.MicrosOfAsync(_exchange.Protocol), await _exchange.MicrosOfAsync(_exchange.Liquidity));
        await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("withdrawFees"));
        Assert.Equal(Exchange.Micros(0.25m), await _exchange.MicrosOfAsync(_exchange.Protocol) - protocol);
        Assert.Equal(Exchange.Micros(0.75m), await _exchange.MicrosOfAsync(_exchange.Liquidity) - liquidity);
        Assert.Equal(0, await _exchange.MicrosOfAsync(market.Address));

        await Assert.ThrowsAsync<RpcException>(() =>
            _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("redeem", 1, OrderMessage.AmountPerLot))
        );
        Assert.Equal("MarketNotOpen()", await RefusalAsync(trader, market, Calls.Market("mergeSet", OrderMessage.AmountPerLot)));
    }

    /// <summary>The rounding must favour the trader, and of the fee the liquidity providers, and the parts must add up.</summary>
    [Theory]
    [InlineData(137, 3_333, 1_000_001, 13_700, 4_566)] // 1.37 % of 1.000001 USDC, a third of it.
    [InlineData(500, 10_000, 999_999, 49_999, 49_999)] // The most that a market may take, all of it the protocol's.
    [InlineData(1, 0, 9_999, 0, 0)] // Less than a micro-USDC.
    [InlineData(1, 0, 10_000, 1, 0)]
    public async Task TheFee_IsTheMarketsOwn_WhateverTheTermsAreByThen_AndIsSplitToTheLastMicro(
        int bps,
        int share,
        int micros,
        int fee,
        int toProtocol
    )
    {
        var (protocol, liquidity) = (PrivateKey.OfPhrase($"protocol {bps}").Address, PrivateKey.OfPhrase($"liquidity {bps}").Address);
        await SetTermsAsync(new FeeTerms(bps, share, protocol, liquidity));
        var market = await _exchange.MarketAsync(2);
        await SetTermsAsync(new FeeTerms(200, 2_500, _exchange.Protocol, _exchange.Liquidity));
        var trader = await _exchange.TraderAsync($"fee {bps} {micros}", 100);
        var (before, amount) = (await _exchange.MicrosOfAsync(protocol), micros * BigInteger.Pow(10, 12));
        var liquidityBefore = await _exchange.MicrosOfAsync(liquidity);
        await _exchange.Chain.ExecuteAsync(trader, market.Address, MarketContract.MintSet(amount));
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("resolve", 0));

        var receipt = await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("redeem", 0, amount));
        await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("withdrawFees"));

        var redeemed = Assert.Single(Exchange.EventsOf(market, receipt).OfType<MarketEvent.Redeemed>());
        Assert.Equal((micros - fee, fee), ((int)redeemed.Paid, (int)redeemed.Fee));
        Assert.Equal(
            (toProtocol, fee - toProtocol),
            ((int)(await _exchange.MicrosOfAsync(protocol) - before), (int)(await _exchange.MicrosOfAsync(liquidity) - liquidityBefore))
        );
        Assert.Equal(0, await _exchange.MicrosOfAsync(market.Address));
    }

    [Fact]
    public async Task AMarketIsDecidedOnce_AlsoWhilePaused_AndPaysThen()
    {
        var market = await _exchange.MarketAsync(2);
        var trader = await _exchange.TraderAsync("decided once", 100);
        await _exchange.MintSetAsync(market, trader, 1_000);
        await _exchange.Chain.ExecuteAsync(_exchange.Operator, market.Address, Calls.Market("pause"));
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("resolve", 1));
        foreach (var second in new[] { Calls.Market("resolve", 0), Calls.Market("invalidate") })
            Assert.Equal("MarketNotOpen()", await RefusalAsync(_exchange.Resolver, market, second));
        await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("redeem", 1, 1_000 * OrderMessage.AmountPerLot));
        Assert.Equal(Exchange.Micros(99.8m), await _exchange.MicrosOfAsync(trader.Address));
    }

    [Fact]
    public async Task Invalidate_PaysAnEqualPartForEveryOutcome_WithoutAFee()
    {
        var market = await _exchange.MarketAsync(3);
        var (one, two) = (await _exchange.TraderAsync("invalid one", 100), await _exchange.TraderAsync("invalid two", 100));
        await _exchange.MintSetAsync(market, one, 3_000);
        await _exchange.MintSetAsync(market, two, 1_000);
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("invalidate"));

        await _exchange.Chain.ExecuteAsync(one, market.Address, Calls.Market("redeem", 0, 3_000 * OrderMessage.AmountPerLot));
        await _exchange.Chain.ExecuteAsync(one, market.Address, Calls.Market("redeem", 2, 3_000 * OrderMessage.AmountPerLot));
        await _exchange.Chain.ExecuteAsync(two, market.Address, Calls.Market("mergeSet", 1_000 * OrderMessage.AmountPerLot));

        Assert.Equal(Exchange.Micros(90), await _exchange.MicrosOfAsync(one.Address));
        Assert.Equal(Exchange.Micros(100), await _exchange.MicrosOfAsync(two.Address));
        Assert.Equal(Exchange.Micros(10), await _exchange.MicrosOfAsync(market.Address));
    }

    [Fact]
    public async Task MergeSet_GivesBackWhatMintSetTook_AlsoWhilePaused()
    {
        var market = await _exchange.MarketAsync(4);
        var trader = await _exchange.TraderAsync("round trip", 100);
        await _exchange.MintSetAsync(market, trader, 2_500);
        await _exchange.Chain.ExecuteAsync(_exchange.Operator, market.Address, Calls.Market("pause"));
        Assert.Equal("MarketPaused()", await RefusalAsync(trader, market, MarketContract.MintSet(OrderMessage.AmountPerLot)));

        await _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("mergeSet", 2_500 * OrderMessage.AmountPerLot));

        Assert.Equal(Exchange.Micros(100), await _exchange.MicrosOfAsync(trader.Address));
        Assert.Equal("BadAmount(uint256)", await RefusalAsync(trader, market, Calls.Market("mergeSet", OrderMessage.AmountPerLot + 1)));
        await Assert.ThrowsAsync<RpcException>(() =>
            _exchange.Chain.ExecuteAsync(trader, market.Address, Calls.Market("mergeSet", OrderMessage.AmountPerLot))
        );
    }

    [Fact]
    public async Task ResolvedMarket_TradesNoMore()
    {
        var market = await _exchange.MarketAsync(2);
        var (buyer, seller) = (await _exchange.TraderAsync("late buyer", 100), await _exchange.TraderAsync("late seller", 100));
        await _exchange.MintSetAsync(market, seller, 100);
        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("resolve", 0));

        var (events, _) = await _exchange.SettleAsync(
            market,
            _exchange.Match(_exchange.Leg(market, buyer, 0, true, 5_000, 100), _exchange.Leg(market, seller, 0, false, 5_000, 100))
        );

        Assert.Equal(
            SettlementFailure.MarketNotOpen,
            SettlementFailure.Decode(Assert.Single(events.OfType<MarketEvent.SettlementFailed>()).Reason).Code
        );
        Assert.Equal("MarketNotOpen()", await RefusalAsync(_exchange.Resolver, market, Calls.Market("resolve", 1)));
        Assert.Equal("MarketNotOpen()", await RefusalAsync(_exchange.Resolver, market, Calls.Market("invalidate")));
    }

    private async Task SetTermsAsync(FeeTerms terms) =>
        await _exchange.Chain.ExecuteAsync(_exchange.Admin, _exchange.Factory.Address, Calls.Factory("setFeeTerms", terms));

    private async Task<string> RefusalAsync(PrivateKey caller, MarketContract market, byte[] data)
    {
        var e = await Assert.ThrowsAsync<RpcException>(() =>
            _exchange.Chain.Client.CallAsync(new CallRequest(market.Address, data, caller.Address))
        );
        return ArtifactErrors.NameOf(ContractArtifact.Market, e.RevertData);
    }
}
