using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class RoleRefusalTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    [Fact]
    public async Task WhatARoleIsRefusedFor_IsExplained()
    {
        var market = await _exchange.MarketAsync(2);
        var anybody = (await _exchange.TraderAsync("anybody", 1)).Address;
        var question = Keccak256.HashText("a question that has no market");
        (Address To, Address From, byte[] Data, string Words)[] refused =
        [
            (market.Address, anybody, MarketContract.Resolve(0), $"{anybody} does not have the resolver role"),
            (market.Address, anybody, MarketContract.Invalidate(), $"{anybody} does not have the resolver role"),
            (market.Address, _exchange.Resolver.Address, MarketContract.Resolve(2), "there is no outcome 2"),
            (
                _exchange.Factory.Address,
                anybody,
                MarketFactoryContract.CreateMarket(question, 2),
                $"{anybody} does not have the admin role"
            ),
            (
                _exchange.Factory.Address,
                _exchange.Admin.Address,
                MarketFactoryContract.CreateMarket(question, 9),
                "a market cannot have 9 outcomes"
            ),
        ];
        foreach (var (to, from, data, words) in refused)
        {
            var e = await Assert.ThrowsAsync<RpcException>(() => _exchange.Chain.Client.CallAsync(new CallRequest(to, data, from)));
            Assert.Equal(words, RoleRefusal.Explain(e.RevertData));
        }
    }

    [Fact]
    public void DataOfOtherContracts_IsShownAsItIs()
    {
        Assert.Equal("reverted without a reason, or ran out of gas", RoleRefusal.Explain(null));
        Assert.Equal("0x0badf00d", RoleRefusal.Explain([0x0b, 0xad, 0xf0, 0x0d]));
        // The selector of a known error, without its value.
        var cut = ContractArtifact.Market.Error("NotResolver").Selector.ToArray();
        Assert.Equal(Hex.Encode(cut), RoleRefusal.Explain(cut));
    }

    [Fact]
    public void ACall_IsReadBackAsItWasWritten_AndNoOtherIs()
    {
        var question = Keccak256.HashText("Will it rain?");
        Assert.Equal(
            [("questionHash", $"{question}"), ("outcomes", "3")],
            MarketFactoryContract
                .CreateMarketFunction.DecodeInput(MarketFactoryContract.CreateMarket(question, 3))
                .Select(argument => (argument.Name, $"{argument.Value}"))
        );
        Assert.Throws<FormatException>(() => MarketContract.ResolveFunction.DecodeInput(MarketContract.Invalidate()));
        Assert.Throws<FormatException>(() => MarketContract.ResolveFunction.DecodeInput(MarketContract.Resolve(1).AsSpan(0, 35)));
    }
}
