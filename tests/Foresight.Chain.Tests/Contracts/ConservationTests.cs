using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

/// <summary>
/// After each of many random actions, some of them refused, no USDC may have appeared or vanished, and the market must hold exactly the
/// claims of its outstanding shares plus the fees.
/// </summary>
public sealed class ConservationTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private const int Traders = 4;
    private const int Actions = 60;

    private readonly Exchange _exchange = fixture.Exchange;

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    public async Task MoneyAndShares_AreConserved_WhateverTradersDo(int seed, int outcomes)
    {
        var random = new Random(seed);
        var market = await _exchange.MarketAsync(outcomes);
        var traders = new PrivateKey[Traders];
        for (var i = 0; i < Traders; i++)
            traders[i] = await _exchange.TraderAsync($"conserving {seed} {i}", 50);
        var feesBefore = await FeesPaidAsync();
        async Task<BigInteger> AllMoneyAsync() =>
            (
                await Task.WhenAll(traders.Select(t => _exchange.MicrosOfAsync(t.Address)).Append(_exchange.MicrosOfAsync(market.Address)))
            ).Aggregate(await FeesPaidAsync() - feesBefore, (sum, micros) => sum + micros);
        var money = await AllMoneyAsync();
        var settled = 0;
        var expiry = await _exchange.EscapeAsync();

        for (var i = 0; i < Actions; i++)
        {
            settled += await ActAsync(random, market, traders, outcomes, expiry);
            Assert.Equal(money, await AllMoneyAsync());
            var supply = await SupplyAsync(market, traders, outcomes);
            Assert.Single(supply.Distinct());
            Assert.Equal(supply[0] * 10_000, await _exchange.MicrosOfAsync(market.Address));
        }

        // Without trades the test would prove nothing.
        Assert.InRange(settled, 10, int.MaxValue);

        await _exchange.Chain.ExecuteAsync(_exchange.Resolver, market.Address, Calls.Market("resolve", outcomes - 1));
        foreach (var trader in traders)
        {
            var lots = await _exchange.LotsOfAsync(market, outcomes - 1, trader.Address);
            if (lots > 0)
                await _exchange.Chain.ExecuteAsync(
                    trader,
                    market.Address,
                    Calls.Market("redeem", outcomes - 1, lots * OrderMessage.AmountPerLot)
                );
        }

        await _exchange.Chain.ExecuteAsync(traders[0], market.Address, Calls.Market("withdrawFees"));
        Assert.Equal(money, await AllMoneyAsync());
        Assert.Equal(0, await _exchange.MicrosOfAsync(market.Address));
    }

    private async Task<int> ActAsync(Random random, MarketContract market, PrivateKey[] traders, int outcomes, long expiry)
    {
        PrivateKey Any() => traders[random.Next(traders.Length)];
        long AnyLots() => random.Next(1, 800);
        switch (random.Next(6))
        {
            case 0:
                await TryAsync(Any(), market, MarketContract.MintSet(AnyLots() * OrderMessage.AmountPerLot));
                return 0;
            case 1:
                await TryAsync(Any(), market, Calls.Market("mergeSet", AnyLots() * OrderMessage.AmountPerLot));
                return 0;
            case 2:
                var resting = _exchange.Leg(
                    market,
                    Any(),
                    random.Next(outcomes),
                    random.Next(2) == 0,
                    random.Next(1, 10_000),
                    AnyLots(),
                    expiry: expiry
                );
                await TryAsync(Any(), market, MarketContract.FillOrderSigned(resting.Order, resting.Signature, resting.Amount));
                return 0;
            default:
                var (events, _) = await _exchange.SettleAsync(
                    market,
                    [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => AnyMatch(random, market, Any, AnyLots(), outcomes))]
                );
                return events.OfType<MarketEvent.TradeSettled>().Count();
        }
    }

    private MarketMatch AnyMatch(Random random, MarketContract market, Func<PrivateKey> any, long lots, int outcomes)
    {
        if (random.Next(2) == 0)
        {
            var (outcome, price) = (random.Next(outcomes), random.Next(1, 10_000));
            return _exchange.Match(
                _exchange.Leg(market, any(), outcome, true, price, lots),
                _exchange.Leg(market, any(), outcome, false, price, lots)
            );
        }

        var isMint = random.Next(2) == 0;
        var prices = Enumerable.Range(0, outcomes).Select(_ => random.Next(1, 10_000 / outcomes)).ToArray();
        prices[^1] = 10_000 - prices[..^1].Sum();
        return _exchange.Match([.. prices.Select((price, k) => _exchange.Leg(market, any(), k, isMint, price, lots))]);
    }

    // A refusal is part of the test, because a trader may not afford an action.
    private async Task TryAsync(PrivateKey trader, MarketContract market, byte[] data)
    {
        try
        {
            await _exchange.Chain.ExecuteAsync(trader, market.Address, data);
        }
        catch (RpcException e) when (e.IsRevert) { }
    }

    private async Task<BigInteger> FeesPaidAsync() =>
        await _exchange.MicrosOfAsync(_exchange.Protocol) + await _exchange.MicrosOfAsync(_exchange.Liquidity);

    private async Task<BigInteger[]> SupplyAsync(MarketContract market, PrivateKey[] traders, int outcomes)
    {
        var supply = new BigInteger[outcomes];
        for (var k = 0; k < outcomes; k++)
        {
            foreach (var trader in traders)
                supply[k] += await _exchange.LotsOfAsync(market, k, trader.Address);
        }

        return supply;
    }
}
