using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Tests.DevChain;
using Xunit;
using Xunit.Abstractions;

namespace Foresight.Chain.Tests.Contracts;

/// <summary>
/// At most a hundredth above the figures in contracts/README.md, so that an increase is noticed. The accounts have traded before, because
/// first uses of storage slots cost more.
/// </summary>
[Trait("Category", "Trust")]
public sealed class GasTests(ExchangeFixture fixture, ITestOutputHelper output) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    [Theory]
    [InlineData(SettlementKind.Direct, 2, 1, 163_700)]
    [InlineData(SettlementKind.Direct, 2, 20, 97_700)]
    [InlineData(SettlementKind.Mint, 2, 20, 107_500)]
    [InlineData(SettlementKind.Merge, 2, 20, 109_400)]
    [InlineData(SettlementKind.Mint, 3, 20, 155_700)]
    [InlineData(SettlementKind.Merge, 8, 10, 412_000)]
    public async Task GasPerMatch_StaysBelowItsBound(SettlementKind kind, int outcomes, int matches, long figure)
    {
        var market = await _exchange.MarketAsync(outcomes);
        var first = await _exchange.TraderAsync($"gas {kind} {outcomes} {matches} a", 1_000);
        var second = await _exchange.TraderAsync($"gas {kind} {outcomes} {matches} b", 1_000);
        foreach (var trader in new[] { first, second })
            await _exchange.MintSetAsync(market, trader, 50_000);
        MarketMatch Next() =>
            kind == SettlementKind.Direct
                ? _exchange.Match(_exchange.Leg(market, first, 0, true, 5_000, 100), _exchange.Leg(market, second, 0, false, 5_000, 100))
                : _exchange.Match([
                    .. Enumerable
                        .Range(0, outcomes)
                        .Select(k =>
                            _exchange.Leg(
                                market,
                                k % 2 == 0 ? first : second,
                                k,
                                kind == SettlementKind.Mint,
                                k == outcomes - 1 ? 10_000 - ((outcomes - 1) * 1_000) : 1_000,
                                100
                            )
                        ),
                ]);
        await _exchange.SettleAsync(market, Next());

        var (events, receipt) = await _exchange.SettleAsync(market, [.. Enumerable.Range(0, matches).Select(_ => Next())]);

        Assert.Equal(matches, events.OfType<MarketEvent.TradeSettled>().Count());
        var perMatch = receipt.GasUsed / matches;
        output.WriteLine($"{kind} of {outcomes} outcomes, {matches} in a batch: {perMatch} gas per match");
        Assert.InRange(perMatch, 0, figure + (figure / 100));
    }

    [Fact]
    public async Task GasConstants_AreTheOnesOfTheContract()
    {
        var market = await _exchange.MarketAsync(2);
        Assert.Equal(
            MarketContract.MatchGas,
            await market.ReadAsync<BigInteger>(ContractArtifact.Market.Function("MATCH_GAS"), BlockRef.Latest, default)
        );
        Assert.Equal(
            MarketContract.LegGas,
            await market.ReadAsync<BigInteger>(ContractArtifact.Market.Function("LEG_GAS"), BlockRef.Latest, default)
        );
    }

    [Fact]
    public async Task GasLimit_FromWhatAnotherBatchUsed_IsEnough()
    {
        var market = await _exchange.MarketAsync(2);
        var (first, second) = (await _exchange.TraderAsync("limit a", 1_000), await _exchange.TraderAsync("limit b", 1_000));
        await _exchange.MintSetAsync(market, second, 50_000);
        MarketMatch[] Batch() =>
            [
                .. Enumerable
                    .Range(0, 10)
                    .Select(_ =>
                        _exchange.Match(
                            _exchange.Leg(market, first, 0, true, 5_000, 100),
                            _exchange.Leg(market, second, 0, false, 5_000, 100)
                        )
                    ),
            ];
        var (_, before) = await _exchange.SettleAsync(market, Batch());

        var limit = MarketContract.GasLimit(before.GasUsed, legsOfLargestMatch: 2);
        var receipt = await _exchange.Chain.SendAsync(_exchange.Operator, market.Address, MarketContract.Settle(Batch()), limit);

        Assert.Equal(10, Exchange.EventsOf(market, receipt).OfType<MarketEvent.TradeSettled>().Count());
    }
}
