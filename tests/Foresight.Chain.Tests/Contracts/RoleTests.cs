using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Tests.DevChain;
using Xunit;

namespace Foresight.Chain.Tests.Contracts;

public sealed class RoleTests(ExchangeFixture fixture) : IClassFixture<ExchangeFixture>
{
    private readonly Exchange _exchange = fixture.Exchange;

    [Fact]
    public async Task EveryRestrictedCall_IsRefusedToEverybodyElse()
    {
        var market = await _exchange.MarketAsync(2);
        var anybody = await _exchange.TraderAsync("anybody", 1);
        (PrivateKey Caller, byte[] Data, string Error)[] refused =
        [
            (anybody, MarketContract.Settle([]), "NotOperator(address)"),
            (_exchange.Admin, MarketContract.Settle([]), "NotOperator(address)"),
            (anybody, Calls.Market("resolve", 0), "NotResolver(address)"),
            (_exchange.Operator, Calls.Market("resolve", 0), "NotResolver(address)"),
            (anybody, Calls.Market("invalidate"), "NotResolver(address)"),
            (anybody, Calls.Market("pause"), "NotAdmin(address)"),
            (_exchange.Operator, Calls.Market("unpause"), "NotAdmin(address)"),
            (_exchange.Operator, MarketContract.SettleMatch(new MarketMatch(1, [])), "OnlySelf()"),
            (_exchange.Resolver, Calls.Market("resolve", 2), "BadOutcome(uint256)"),
        ];
        foreach (var (caller, data, error) in refused)
        {
            var e = await Assert.ThrowsAsync<RpcException>(() =>
                _exchange.Chain.Client.CallAsync(new CallRequest(market.Address, data, caller.Address))
            );
            Assert.Equal(error, ArtifactErrors.NameOf(ContractArtifact.Market, e.RevertData));
        }
    }

    [Fact]
    public async Task Factory_MovesNothingForAnybodyButItsMarkets()
    {
        var market = await _exchange.MarketAsync(2);
        var (victim, thief) = (await _exchange.TraderAsync("victim", 100), await _exchange.TraderAsync("thief", 1));
        await _exchange.MintSetAsync(market, victim, 1_000);
        foreach (var caller in new[] { thief, _exchange.Operator, _exchange.Admin })
        {
            byte[][] attempts =
            [
                Calls.Factory("collect", victim.Address, caller.Address, 1),
                Calls.Factory("moveShares", victim.Address, caller.Address, 0, 1),
            ];
            foreach (var data in attempts)
            {
                var e = await Assert.ThrowsAsync<RpcException>(() =>
                    _exchange.Chain.Client.CallAsync(new CallRequest(_exchange.Factory.Address, data, caller.Address))
                );
                Assert.Equal("OnlyMarket()", ArtifactErrors.NameOf(ContractArtifact.MarketFactory, e.RevertData));
            }
        }

        // The token lets only the factory transfer, and a caller mint and burn only ids of its own address, so a market cannot touch
        // another's shares.
        var id = OutcomeTokenContract.IdOf(market.Address, 0);
        var move = ContractArtifact.OutcomeToken.Encode("move", victim.Address, thief.Address, id, 1);
        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            _exchange.Chain.Client.CallAsync(new CallRequest(_exchange.Shares.Address, move, thief.Address))
        );
        Assert.Equal("OnlyFactory()", ArtifactErrors.NameOf(ContractArtifact.OutcomeToken, refused.RevertData));
        await _exchange.Chain.ExecuteAsync(
            thief,
            _exchange.Shares.Address,
            ContractArtifact.OutcomeToken.Encode("mint", thief.Address, 0, 5)
        );
        Assert.Equal(0, await _exchange.Shares.BalanceOfAsync(thief.Address, id));
        Assert.Equal(5, await _exchange.Shares.BalanceOfAsync(thief.Address, OutcomeTokenContract.IdOf(thief.Address, 0)));
        await Assert.ThrowsAsync<RpcException>(() =>
            _exchange.Chain.Client.CallAsync(
                new CallRequest(_exchange.Shares.Address, ContractArtifact.OutcomeToken.Encode("burn", victim.Address, 0, 1), thief.Address)
            )
        );
    }

    /// <summary>
    /// An index of more than a byte would reach into the address. A caller whose address has no bit that the market's lacks could then name
    /// the market's own shares: there are such callers, because contracts that call for anybody have addresses of few bits on some chains.
    /// </summary>
    [Fact]
    [Trait("Category", "Trust")]
    public async Task NoCaller_MintsOrBurnsSharesOfAMarket_ByAnIndexThatReachesIntoItsAddress()
    {
        var market = await _exchange.MarketAsync(2);
        var victim = await _exchange.TraderAsync("victim", 100);
        await _exchange.MintSetAsync(market, victim, 1_000);
        var address = new BigInteger(Convert.FromHexString(market.Address.ToString()[2..]), isUnsigned: true, isBigEndian: true);
        // Some of the market's own bits and no other, as 0x42…07 may have.
        var caller = Address.Parse("0x" + (address & ((BigInteger.One << 96) - 1)).ToString("x").TrimStart('0').PadLeft(40, '0'));
        var id = OutcomeTokenContract.IdOf(market.Address, 1);
        Assert.Equal(id, (OutcomeTokenContract.IdOf(caller, 0) | (address << 8) | 1));
        foreach (var (verb, account) in new[] { ("mint", caller), ("burn", victim.Address) })
        foreach (var index in new[] { (address << 8) | 1, (BigInteger)256 })
        {
            var data = ContractArtifact.OutcomeToken.Encode(verb, account, index, 1);
            var refused = await Assert.ThrowsAsync<RpcException>(() =>
                _exchange.Chain.Client.CallAsync(new CallRequest(_exchange.Shares.Address, data, caller))
            );
            Assert.Equal("BadOutcome(uint256)", ArtifactErrors.NameOf(ContractArtifact.OutcomeToken, refused.RevertData));
        }
    }

    [Fact]
    public async Task Operator_IsReplacedOnceForAllMarkets()
    {
        var (one, two) = (await _exchange.MarketAsync(2), await _exchange.MarketAsync(3));
        var next = await _exchange.TraderAsync("next operator", 0);
        await _exchange.Chain.ExecuteAsync(
            _exchange.Admin,
            _exchange.Factory.Address,
            Calls.Factory("grantRole", Keccak256.HashText("OPERATOR"), next.Address)
        );
        Assert.True(
            await _exchange.Factory.ReadAsync<bool>(
                ContractArtifact.MarketFactory.Function("hasRole"),
                default,
                default,
                Keccak256.HashText("OPERATOR"),
                next.Address
            )
        );
        foreach (var market in new[] { one, two })
            await _exchange.Chain.ExecuteAsync(next, market.Address, MarketContract.Settle([]));

        await _exchange.Chain.ExecuteAsync(
            _exchange.Admin,
            _exchange.Factory.Address,
            Calls.Factory("revokeRole", Keccak256.HashText("OPERATOR"), next.Address)
        );

        foreach (var market in new[] { one, two })
            await Assert.ThrowsAsync<RpcException>(() =>
                _exchange.Chain.Client.CallAsync(new CallRequest(market.Address, MarketContract.Settle([]), next.Address))
            );
    }

    [Fact]
    public async Task CreateMarket_IsForAdmins_OncePerQuestion_WithTwoToEightOutcomes()
    {
        var question = Keccak256.HashText("once");
        await _exchange.Chain.ExecuteAsync(_exchange.Admin, _exchange.Factory.Address, MarketFactoryContract.CreateMarket(question, 8));
        var market = new MarketContract(_exchange.Chain.Client, (await _exchange.Factory.MarketOfAsync(question))!.Value);
        Assert.Equal(8, await market.OutcomesAsync());
        Assert.True(
            await _exchange.Factory.ReadAsync<bool>(ContractArtifact.MarketFactory.Function("isMarket"), default, default, market.Address)
        );
        Assert.Null(await _exchange.Factory.MarketOfAsync(Keccak256.HashText("never")));
        (PrivateKey Caller, byte[] Data, string Error)[] refused =
        [
            (_exchange.Admin, MarketFactoryContract.CreateMarket(question, 2), "MarketExists(address)"),
            (_exchange.Admin, MarketFactoryContract.CreateMarket(Hash32.Zero, 1), "BadOutcomes(uint256)"),
            (_exchange.Admin, MarketFactoryContract.CreateMarket(Hash32.Zero, 9), "BadOutcomes(uint256)"),
            (_exchange.Operator, MarketFactoryContract.CreateMarket(Hash32.Zero, 2), "AccessControlUnauthorizedAccount(address,bytes32)"),
            (_exchange.Admin, Calls.Factory("setFeeTerms", new FeeTerms(501, 0, Address.Zero, Address.Zero)), "BadFeeTerms()"),
            (_exchange.Admin, Calls.Factory("setFeeTerms", new FeeTerms(1, 0, Address.Zero, Address.Zero)), "BadFeeTerms()"),
            (_exchange.Operator, Calls.Factory("setFeeTerms", FeeTerms.None), "AccessControlUnauthorizedAccount(address,bytes32)"),
        ];
        foreach (var (caller, data, error) in refused)
        {
            var e = await Assert.ThrowsAsync<RpcException>(() =>
                _exchange.Chain.Client.CallAsync(new CallRequest(_exchange.Factory.Address, data, caller.Address))
            );
            Assert.Equal(error, ArtifactErrors.NameOf(ContractArtifact.MarketFactory, e.RevertData));
        }
    }

    [Fact]
    public async Task Spendable_IsTheLesserOfBalanceAndApproval()
    {
        var market = await _exchange.MarketAsync(3);
        var rich = await _exchange.TraderAsync("rich", 50);
        var capped = await _exchange.TraderAsync("capped", 50);
        var withdrawn = await _exchange.TraderAsync("withdrawn", 50);
        await _exchange.MintSetAsync(market, rich, 100);
        await _exchange.MintSetAsync(market, withdrawn, 100);
        await _exchange.Chain.ExecuteAsync(capped, _exchange.Usdc.Address, UsdcContract.Approve(_exchange.Factory.Address, 7));
        await _exchange.Chain.ExecuteAsync(
            withdrawn,
            _exchange.Shares.Address,
            OutcomeTokenContract.SetApprovalForAll(_exchange.Factory.Address, false)
        );
        var block = (await _exchange.Chain.Client.GetBlockAsync(BlockRef.Latest))!;
        Address[] accounts = [rich.Address, capped.Address, withdrawn.Address];

        var money = await _exchange.Factory.SpendableCollateralAsync(accounts, BlockRef.Hash(block.Hash));
        var shares = await _exchange.Factory.SpendableSharesAsync(market.Address, 3, accounts, block.Number);

        Assert.Equal([Exchange.Micros(49), 7, Exchange.Micros(49)], money);
        var lots = 100 * OrderMessage.AmountPerLot;
        Assert.Equal([lots, lots, lots, 0, 0, 0, 0, 0, 0], shares);

        // A later block must not change the result of the pinned one, which must also cover more accounts than fit into one call.
        await _exchange.Chain.ExecuteAsync(rich, _exchange.Usdc.Address, UsdcContract.Transfer(capped.Address, 1));
        Assert.Equal(money, await _exchange.Factory.SpendableCollateralAsync(accounts, BlockRef.Hash(block.Hash)));
        var many = Enumerable.Range(0, MarketFactoryContract.AccountLimit + 1).Select(_ => capped.Address).ToArray();
        Assert.All(await _exchange.Factory.SpendableCollateralAsync(many, BlockRef.Latest), amount => Assert.Equal(7, amount));
        var manyRich = Enumerable.Range(0, MarketFactoryContract.AccountLimit).Select(_ => rich.Address).ToArray();
        var manyShares = await _exchange.Factory.SpendableSharesAsync(market.Address, 3, manyRich, BlockRef.Latest);
        Assert.Equal(3 * manyRich.Length, manyShares.Count(amount => amount == lots));
    }
}
