using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.ChainFollowing;

[Collection(ChainCollection.Name)]
public sealed class ChainFollowerTests(ChainFixture fixture)
{
    [Fact]
    public async Task WhoApprovesTheFactory_IsObserved_AndStrangersAreNot()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        venue.Leader.Commands.Clear();

        var alice = await venue.AddTraderAsync(usdc: 500, shares: 20);
        await venue.ExecuteAsync("DELETE FROM accounts");
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        var observed = venue.Leader.Commands.OfType<ObserveBalance>().ToList();
        Assert.All(observed, o => Assert.Equal(alice.Address.ToLowerHex(), o.Account));
        Assert.Contains(observed, o => o is { MarketId: 0, Outcome: 255, Units: 500_000_000 });
        Assert.Contains(observed, o => o is { MarketId: Venue.Market, Outcome: 0, Units: 2_000 });
        Assert.Contains(observed, o => o is { MarketId: Venue.Market, Outcome: 1, Units: 2_000 });
    }

    [Fact]
    public async Task AnUnacknowledgedStep_MovesNoCursor_AndIsToldAgainUnderTheSameId()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        var cursor = await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'follower'");
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await fixture.MineAsync(3);

        venue.Leader.Answer = ResultStatus.InDoubt;
        await Assert.ThrowsAsync<UndeliveredException>(() => venue.FollowAsync());
        Assert.Equal(cursor, await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'follower'"));
        Assert.NotEqual("final", (await venue.StateOfAsync(trade)).State);

        venue.Leader.Answer = null;
        await venue.FollowAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        var settle = Assert.Single(venue.Leader.Commands.OfType<SettleTrade>());
        Assert.Equal(RequestIds.OfFact("settle", trade.ToString()), settle.RequestId);
    }

    [Theory]
    [InlineData("eth_getLogs")]
    [InlineData("eth_getBlockByNumber")]
    [InlineData("eth_call")]
    public async Task ANodeThatFails_MovesNoCursor(string method)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await venue.AddTraderAsync();
        await fixture.MineAsync(2);
        await Assert.ThrowsAsync<RpcUnavailableException>(() =>
            venue.FollowAsync(venue.NewFollower(new FaultyTransport(fixture.Transport, m => m == method)))
        );
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors"));
    }

    [Fact]
    public async Task ANodeThatSaysThereAreNoLogs_IsContradictedByTheHeader_AndMovesNoCursor()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.TradeAsync(alice, bob);
        await venue.StepAsync(venue.NewSubmitter());
        await fixture.MineAsync(3);
        await Assert.ThrowsAsync<InconsistentChainException>(() =>
            venue.FollowAsync(venue.NewFollower(new ForgetfulTransport(fixture.Transport)))
        );
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors"));
        await venue.FollowAsync();
        Assert.Single(venue.Leader.Settled);
    }

    [Fact]
    public async Task AFillPastTheRelayer_IsToldAsWhatIsFilledInAll_UnderOneId()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var (order, transaction) = await venue.AddFillPastTheRelayerAsync(alice, bob);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        await fixture.MineAsync();
        await venue.FollowAsync();
        Assert.Equal(
            $"{transaction} {order.Hash} {Venue.Market} {alice.Address.ToLowerHex()}",
            await venue.ScalarAsync<string>(
                """
                SELECT concat_ws(' ', '0x' || encode(tx_hash, 'hex'), '0x' || encode(order_hash, 'hex'), market_id,
                    '0x' || encode(maker, 'hex')) FROM direct_fill_transactions
                """
            )
        );
        var told = venue.Leader.Commands.OfType<ReduceOrder>().ToList();
        Assert.All(told, c => Assert.Equal((order.Hash.ToString(), alice.Address.ToLowerHex(), 100L), (c.Hash, c.Maker, c.FilledLots)));
        Assert.Single(told.Select(c => c.RequestId).Distinct());
    }

    [Fact]
    public async Task ASaltCancelledOnChain_IsCancelledInTheBook()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var alice = await venue.AddTraderAsync();
        await venue.SendAsync(alice.Key, venue.MarketAddress, ContractArtifact.Market.Encode("cancelSalt", 4711));
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        var cancel = Assert.Single(venue.Leader.Commands.OfType<CancelBySalt>());
        Assert.Equal(("4711", Venue.Market, alice.Address.ToLowerHex()), (cancel.Salt, cancel.MarketId, cancel.Maker));
    }

    [Fact]
    public async Task AResolutionOnChain_ResolvesTheMarket()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await venue.SendAsync(venue.Operator.Key, venue.MarketAddress, ContractArtifact.Market.Encode("resolve", 1));
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        var resolved = Assert.Single(venue.Leader.Commands.OfType<SetMarketState>());
        Assert.Equal((Venue.Market, 3, 1), (resolved.MarketId, resolved.State, resolved.WinningOutcome));
    }
}
