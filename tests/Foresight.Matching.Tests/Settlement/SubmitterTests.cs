using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.Tests.Settlement;

[Collection(ChainCollection.Name)]
public sealed class SubmitterTests(ChainFixture fixture)
{
    [Fact]
    public async Task ATrade_IsSettledTwoSided_AndFinalWhenConfirmed()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);

        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal("mined", (await venue.StateOfAsync(trade)).State);
        Assert.Empty(venue.Leader.Settled);
        await fixture.MineAsync(2);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();

        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal([trade], venue.Leader.Settled);
        Assert.Equal((100_100, 99_900), (await venue.SharesAsync(alice), await venue.SharesAsync(bob)));
        Assert.Equal("final", await venue.ScalarAsync<string>("SELECT state FROM settlement_batches"));
    }

    [Fact]
    [Trait("Category", "Console")]
    public async Task WhileAnOperatorHaltsIt_NothingIsSent_AndWhatIsInFlightIsFollowed()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var inFlight = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await venue.ExecuteAsync(
            "INSERT INTO operator_holds (subject, subject_id, actor, key_name, note) VALUES ('settlement', 'all', 'Ada', 'ada', 'x')"
        );
        var waiting = await venue.TradeAsync(alice, bob);
        // Neither sent again when the node has lost it, nor replaced when it is stuck.
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.MineAsync(venue.Options.StuckAfterBlocks + 1);
        await venue.StepAsync(submitter);
        await venue.StepAsync(venue.NewSubmitter());
        Assert.Equal("broadcast", (await venue.StateOfAsync(inFlight)).State);
        Assert.Equal("matched", (await venue.StateOfAsync(waiting)).State);
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
        Assert.Equal(0, await venue.TimesSettledAsync(inFlight));

        var raw = await venue.ScalarAsync<byte[]>("SELECT raw_tx FROM settlement_batches");
        await venue.Client.SendRawTransactionAsync(raw, CancellationToken.None);
        await fixture.MineAsync(venue.Options.Confirmations + 1);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal("final", (await venue.StateOfAsync(inFlight)).State);
        Assert.Equal("matched", (await venue.StateOfAsync(waiting)).State);

        await venue.ExecuteAsync("DELETE FROM operator_holds");
        await venue.SettleAllAsync();
        Assert.Equal("final", (await venue.StateOfAsync(waiting)).State);
        Assert.Equal((1, 1), (await venue.TimesSettledAsync(inFlight), await venue.TimesSettledAsync(waiting)));
    }

    [Fact]
    public async Task MintAndMerge_SettleBesideADirectTrade_InOneTransaction()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var direct = await venue.TradeAsync(alice, bob);
        var mint = await venue.MatchAsync(
            50,
            (await venue.AddOrderAsync(alice, true, 6_000, 50), 6_000),
            (await venue.AddOrderAsync(bob, true, 4_000, 50, outcome: 1), 4_000)
        );
        var merge = await venue.MatchAsync(
            30,
            (await venue.AddOrderAsync(alice, false, 3_000, 30), 3_500),
            (await venue.AddOrderAsync(bob, false, 6_500, 30, outcome: 1), 6_500)
        );
        await venue.SettleAllAsync();
        foreach (var trade in new[] { direct, mint, merge })
            Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
        Assert.Equal(100_000 + 100 + 50 - 30, await venue.SharesAsync(alice));
    }

    [Fact]
    public async Task ADrainedMaker_FailsAloneBeforeItIsSent_AndTheInnocentSettle()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob, eve) = (await venue.AddTraderAsync(), await venue.AddTraderAsync(), await venue.AddTraderAsync(usdc: 100));
        var good = await venue.TradeAsync(alice, bob);
        var bad = await venue.TradeAsync(eve, bob);
        var alsoGood = await venue.TradeAsync(alice, bob);
        await venue.SendAsync(eve.Key, venue.Deployment.Usdc, UsdcContract.Transfer(bob.Address, 100_000_000));

        await venue.SettleAllAsync();
        Assert.Equal(("failed", $"insufficient_collateral:{eve.Address.ToLowerHex()}"), await venue.StateOfAsync(bad));
        Assert.Equal(("final", "final"), ((await venue.StateOfAsync(good)).State, (await venue.StateOfAsync(alsoGood)).State));
        Assert.Equal([bad], venue.Leader.Bust);
        Assert.Equal(0, await venue.TimesSettledAsync(bad));
    }

    [Fact]
    public async Task FourGhostFillAttacks_BetweenSendingAndMining_FailAlone_WithTheirReason()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        TestTrader[] eves =
        [
            await venue.AddTraderAsync(),
            await venue.AddTraderAsync(),
            await venue.AddTraderAsync(),
            await venue.AddTraderAsync(),
        ];
        var orders = new List<SignedTestOrder>();
        var trades = new List<long>();
        foreach (var eve in eves)
        {
            orders.Add(await venue.AddOrderAsync(eve, isBuy: false, 5_000, 100));
            trades.Add(await venue.MatchAsync(100, (await venue.AddOrderAsync(alice, true, 5_000, 100), 5_000), (orders[^1], 5_000)));
        }

        var honest = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);

        // Each attack pays a higher tip than the batch, so that it is mined before it, in the same block.
        var token = venue.Deployment.OutcomeToken;
        await AttackAsync(
            eves[0],
            token,
            OutcomeTokenContract.Transfer(
                eves[0].Address,
                bob.Address,
                OutcomeTokenContract.IdOf(venue.MarketAddress, 0),
                1_000 * System.Numerics.BigInteger.Pow(10, 18)
            )
        );
        await AttackAsync(eves[1], token, OutcomeTokenContract.SetApprovalForAll(venue.Deployment.Factory, false));
        await AttackAsync(eves[2], venue.MarketAddress, ContractArtifact.Market.Encode("cancelSalt", orders[2].Message.Salt));
        await AttackAsync(eves[3], venue.MarketAddress, ContractArtifact.Market.Encode("cancelSalt", orders[3].Message.Salt));
        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();

        string[] reasons = ["insufficient_shares", "insufficient_shares", "order_cancelled", "order_cancelled"];
        for (var i = 0; i < eves.Length; i++)
        {
            var (state, reason) = await venue.StateOfAsync(trades[i]);
            Assert.Equal(("failed", reasons[i]), (state, reason?.Split(':')[0]));
        }

        Assert.Equal("final", (await venue.StateOfAsync(honest)).State);
        Assert.Equal(trades.Order(), venue.Leader.Bust.Order());

        async Task AttackAsync(TestTrader eve, Address to, byte[] data)
        {
            var nonce = await venue.Client.GetTransactionCountAsync(eve.Address, BlockRef.Pending);
            await venue.Client.SendTransactionAsync(
                new Foresight.Chain.Transactions.Eip1559Transaction
                {
                    ChainId = venue.Deployment.ChainId,
                    Nonce = nonce,
                    To = to,
                    GasLimit = 300_000,
                    MaxFeePerGas = 500 * Foresight.Matching.Settlement.SettlementOptions.Gwei,
                    MaxPriorityFeePerGas = 100 * Foresight.Matching.Settlement.SettlementOptions.Gwei,
                    Data = data,
                }.Sign(eve.Key)
            );
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ACrashAroundTheBroadcast_PutsTheTradeOnChainOnce(bool sent)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);

        var dying = venue.NewSubmitter(new FaultyTransport(fixture.Transport, m => m == "eth_sendRawTransaction", after: sent));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.StepAsync(dying));
        Assert.Equal("signed", await venue.ScalarAsync<string>("SELECT state FROM settlement_batches"));

        await venue.TakeTermAsync();
        var next = venue.NewSubmitter();
        await venue.StepAsync(next);
        await venue.StepAsync(next);
        await fixture.MineAsync(3);
        await venue.StepAsync(next);
        await venue.StepAsync(next);
        await venue.FollowAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(1, await venue.TimesSettledAsync(trade));
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task AHolderThatWasReplaced_StoresAndSendsNothing()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        var old = venue.NewSubmitter();
        await venue.TakeTermAsync();
        var refused = await Assert.ThrowsAsync<PostgresException>(() => venue.StepAsync(old));
        Assert.Equal("FS001", refused.SqlState);
        Assert.Equal("matched", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
    }

    [Fact]
    public async Task ATransactionSentByASlowStep_CountsItsBlocksFromWhenItWasSent()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var begun = await venue.Client.BlockNumberAsync();
        await fixture.MineAsync(venue.Options.StuckAfterBlocks);
        var submitter = venue.NewSubmitter();
        await submitter.StepAsync(begun, CancellationToken.None);
        await venue.StepAsync(submitter);
        Assert.Equal(["broadcast"], await StatesAsync(venue));
    }

    [Fact]
    public async Task AStuckTransaction_IsReplacedWithHigherFees_AndTheOldHashIsRecognisedIfItIsMinedAfterAll()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        var first = await venue.ScalarAsync<byte[]>("SELECT raw_tx FROM settlement_batches");

        // Each look sends it again, so it is dropped from the pool each time: five blocks are mined without it.
        for (var i = 0; i < 5; i++)
        {
            await fixture.RequestAsync("anvil_dropAllTransactions");
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
        }

        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        Assert.Equal(["replaced", "broadcast"], await StatesAsync(venue));

        await fixture.RequestAsync("anvil_dropAllTransactions");
        await venue.Client.SendRawTransactionAsync(first);
        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        Assert.Equal(["final", "replaced"], await StatesAsync(venue));
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(1, await venue.TimesSettledAsync(trade));
    }

    [Fact]
    public async Task ANonceTakenByAForeignTransaction_GivesTheTradesBack_AndTheySettleWithTheNextOne()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trade = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        var dying = venue.NewSubmitter(new FaultyTransport(fixture.Transport, m => m == "eth_sendRawTransaction"));
        await Assert.ThrowsAsync<RpcUnavailableException>(() => venue.StepAsync(dying));
        await fixture.AutomineAsync(true);
        await venue.SendAsync(venue.Operator.Key, venue.Deployment.Usdc, UsdcContract.Mint(alice.Address, 1));

        var next = venue.NewSubmitter();
        for (var i = 0; i < 8; i++)
        {
            await venue.StepAsync(next);
            await fixture.MineAsync();
        }

        await venue.SettleAllAsync();
        Assert.Equal("final", (await venue.StateOfAsync(trade)).State);
        Assert.Equal(1, await venue.TimesSettledAsync(trade));
        Assert.Equal("nonce_taken", await venue.ScalarAsync<string>("SELECT error FROM settlement_batches ORDER BY batch_id LIMIT 1"));
    }

    private static async Task<List<string>> StatesAsync(Venue venue)
    {
        var states = new List<string>();
        await using var command = venue.Database.CreateCommand("SELECT state FROM settlement_batches ORDER BY batch_id");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            states.Add(reader.GetString(0));
        return states;
    }
}
