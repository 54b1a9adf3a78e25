using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

[Trait("Category", "Trust")]
[Collection(ChainCollection.Name)]
public sealed class SignOfLifeTests(ChainFixture fixture)
{
    private const string LastFinal = "SELECT max(signed_at) FROM signs_of_life";

    [Fact]
    public async Task TheDeployment_IsTheFirstSign_AndNoOtherIsSentWhileItIsFresh()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(3);
        await venue.StepAsync(venue.NewSubmitter());
        await venue.FollowAsync();

        Assert.Equal(await SignOnChainAsync(venue), await venue.ScalarAsync<long>(LastFinal));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
        Assert.Equal(MarketFactoryContract.DefaultOrderLife, venue.Deployment.LongestOrderLife);
    }

    [Fact]
    public async Task AFirstStart_NeedsNoArchiveForTheLastSign_WhereverItIs()
    {
        await using var venue = await Venue.CreateAsync(
            fixture,
            new SettlementOptions
            {
                BatchAge = TimeSpan.Zero,
                Confirmations = 2,
                BlockRange = 20,
            }
        );
        await fixture.MineAsync(60);
        var sign = await SignOnChainAsync(venue);

        // The deployment is the last sign, and before the blocks that are followed.
        venue.FollowFrom(venue.Deployment.DeployedBlock + 30);
        await StartAgainAsync();
        Assert.Equal(sign, await venue.ScalarAsync<long>(LastFinal));

        // A sign that comes later than the first range counts when its block has been read.
        await AgeAsync(venue);
        await venue.StepAsync(venue.NewSubmitter());
        await fixture.MineAsync(40);
        await StartAgainAsync();
        Assert.True(await SignOnChainAsync(venue) > sign);
        Assert.Equal(await SignOnChainAsync(venue), await venue.ScalarAsync<long>(LastFinal));

        async Task StartAgainAsync()
        {
            await venue.ExecuteAsync("DELETE FROM chain_cursors; DELETE FROM chain_blocks; DELETE FROM signs_of_life");
            await venue.FollowAsync(await PrunedAsync());
        }

        async Task<ChainFollower> PrunedAsync() =>
            venue.NewFollower(new ForgettingNode(fixture.Transport, await venue.Client.BlockNumberAsync() - venue.Options.Confirmations));
    }

    [Fact]
    public async Task AnOldSign_IsFollowedByOneNewOne_WhichCountsWhenItIsFinal()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await AgeAsync(venue);
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        var first = await venue.ScalarAsync<long>(LastFinal);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await venue.StepAsync(venue.NewSubmitter());
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches WHERE market_id IS NULL"));

        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal(first, await venue.ScalarAsync<long>(LastFinal));
        Assert.True(await SignOnChainAsync(venue) > first);
        await fixture.MineAsync(venue.Options.Confirmations);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();

        Assert.Equal("final", await venue.ScalarAsync<string>("SELECT state FROM settlement_batches"));
        Assert.Equal(await SignOnChainAsync(venue), await venue.ScalarAsync<long>(LastFinal));
        // Another submitter, as after a crash, must find nothing to do.
        await venue.StepAsync(venue.NewSubmitter());
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task ASignThatIsStuck_IsReplaced_AndTradesSettleBesideIt()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await AgeAsync(venue);
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        var sent = new Hash32(await venue.ScalarAsync<byte[]>("SELECT tx_hash FROM settlement_batches WHERE market_id IS NULL"));
        var pooled = await venue.ScalarAsync<byte[]>("SELECT raw_tx FROM settlement_batches WHERE market_id IS NULL");
        for (var block = 0; block < venue.Options.StuckAfterBlocks; block++)
        {
            // Mined without it; the node has it again at the next look, so it waits in the pool as one with too low a fee would.
            await fixture.RequestAsync("anvil_dropAllTransactions");
            await fixture.MineAsync();
            await venue.Client.SendRawTransactionAsync(pooled, CancellationToken.None);
        }

        await venue.StepAsync(submitter);
        Assert.Equal(
            ["replaced", "signed"],
            await venue.ScalarAsync<string[]>("SELECT array_agg(state ORDER BY state) FROM settlement_batches WHERE market_id IS NULL")
        );
        await venue.StepAsync(submitter);
        await fixture.MineAsync(venue.Options.Confirmations + 1);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();

        Assert.Equal(await SignOnChainAsync(venue), await venue.ScalarAsync<long>(LastFinal));
        Assert.Null((await venue.Client.GetTransactionReceiptsAsync([sent]))[0]);
        await venue.SettleAllAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
    }

    [Fact]
    public async Task ASignThatAReorganisationUndid_DoesNotCount_AndIsSentAgain()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await AgeAsync(venue);
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        var first = await venue.ScalarAsync<long>(LastFinal);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await fixture.MineAsync(4);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        var undone = await venue.ScalarAsync<long>(LastFinal);
        Assert.True(undone > first);

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(6);
        await venue.FollowAsync();
        Assert.Equal(first, await venue.ScalarAsync<long>(LastFinal));

        for (var i = 0; i < 5; i++)
        {
            await venue.StepAsync(submitter);
            await fixture.MineAsync();
            await venue.FollowAsync();
        }

        Assert.True(await SignOnChainAsync(venue) > undone);
        Assert.Equal(await SignOnChainAsync(venue), await venue.ScalarAsync<long>(LastFinal));
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task WithoutTheRole_NothingIsSent_AndTheStatusSaysSo()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await AgeAsync(venue);
        await venue.SendAsync(
            venue.Operator.Key,
            venue.Deployment.Factory,
            ContractArtifact.MarketFactory.Encode("revokeRole", Keccak256.HashText("OPERATOR"), venue.Operator.Key.Address)
        );
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);

        Assert.Contains("cannot show a sign of life", submitter.Trouble, StringComparison.Ordinal);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    /// <summary>
    /// Makes the last sign just old enough for another one, which is then later than the deployment: blocks may share a second.
    /// </summary>
    private async Task AgeAsync(Venue venue)
    {
        await fixture.RequestAsync("evm_increaseTime", 1);
        var sign = await SignOnChainAsync(venue) - (long)venue.Deployment.LongestOrderLife.TotalSeconds / SignOfLifeRules.SignsInALife;
        await EscapeMode.SetSignOfLifeAsync(venue.Client, venue.Deployment.Factory, sign);
    }

    private static Task<long> SignOnChainAsync(Venue venue) =>
        new MarketFactoryContract(venue.Client, venue.Deployment.Factory).LastSignOfLifeAsync(BlockRef.Latest);

    /// <summary>Does not know any more what the last sign was before a block, as a node without an archive.</summary>
    private sealed class ForgettingNode(NodeClient inner, long first) : NodeClient
    {
        private readonly string _lastSign = Convert.ToHexString(MarketFactoryContract.LastSignOfLifeFunction.Encode());

        public override Task<IReadOnlyList<RpcReply>> SendAsync(IReadOnlyList<RpcRequest> requests, CancellationToken cancellationToken) =>
            requests.Any(IsForgotten)
                ? throw new RpcUnavailableException("eth_call", "missing trie node")
                : inner.SendAsync(requests, cancellationToken);

        private bool IsForgotten(RpcRequest request) =>
            request.Method == "eth_call"
            && request.Parameters[0]!.ToJsonString().Contains(_lastSign, StringComparison.OrdinalIgnoreCase)
            && request.Parameters[1]!.GetValue<string>() is var block
            && block.StartsWith("0x", StringComparison.Ordinal)
            && Convert.ToInt64(block, 16) < first;
    }
}
