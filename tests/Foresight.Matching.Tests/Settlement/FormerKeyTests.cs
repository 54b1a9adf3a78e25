using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

/// <summary>What a rotation of the operator's key leaves behind.</summary>
[Collection(ChainCollection.Name)]
[Trait("Category", "Trust")]
public sealed class FormerKeyTests(ChainFixture fixture)
{
    [Fact]
    public async Task WhatAFormerKeySent_IsSentAgain_AndFinalOnceMined_WhileTheCurrentKeySettlesTheOthers()
    {
        await using var venue = await Venue.CreateAsync(
            fixture,
            new SettlementOptions
            {
                BatchAge = TimeSpan.Zero,
                Confirmations = 2,
                MaxInFlight = 1,
            }
        );
        var current = await AddOperatorAsync(venue);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var former = await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        await venue.StepAsync(venue.NewSubmitter());

        // Its nonce is far above those of the current key, and it is stuck: neither is anything to heal or to replace here.
        var submitter = venue.NewSubmitter(key: current);
        for (var i = 0; i <= venue.Options.StuckAfterBlocks; i++)
        {
            await fixture.RequestAsync("anvil_dropAllTransactions");
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            Assert.Null(submitter.Trouble);
        }

        var later = await venue.TradeAsync(alice, bob);
        await venue.StepAsync(submitter);
        Assert.Equal(["broadcast", "broadcast"], await StatesAsync(venue));
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        Assert.Equal("mined", (await venue.StateOfAsync(former)).State);
        await fixture.MineAsync(venue.Options.Confirmations);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        foreach (var trade in new[] { former, later })
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["final", "final"], await StatesAsync(venue));
    }

    [Fact]
    public async Task WhatAKeyWithoutTheRoleSent_IsGivenUpOnceThatIsConfirmed_AndSettlesUnderTheCurrentKey()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (former, trade) = await SentByFormerKeyAsync(venue);
        var submitter = venue.NewSubmitter();
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await RoleAsync(venue.Operator.Key, venue, "revokeRole", former);
        for (var depth = 0; depth < venue.Options.Confirmations; depth++)
        {
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            Assert.Equal(["broadcast"], await StatesAsync(venue));
            await fixture.RequestAsync("anvil_dropAllTransactions");
        }

        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        Assert.Equal(["failed", "broadcast"], await StatesAsync(venue));
        Assert.Equal("role_revoked", await venue.ScalarAsync<string>("SELECT error FROM settlement_batches ORDER BY batch_id LIMIT 1"));
        await FinishAsync(venue, submitter);
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Fact]
    public async Task WhatRevertedForWantOfTheRole_BlamesNoTrade_NotEvenALoneOne()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (former, trade) = await SentByFormerKeyAsync(venue);
        var submitter = venue.NewSubmitter();
        await RoleAsync(venue.Operator.Key, venue, "revokeRole", former);
        await fixture.MineAsync();
        await venue.StepAsync(submitter);
        Assert.Equal("reverted", await venue.ScalarAsync<string>("SELECT error FROM settlement_batches"));

        await fixture.MineAsync(venue.Options.Confirmations);
        await venue.StepAsync(submitter);
        await FinishAsync(venue, submitter);
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["failed", "final"], await StatesAsync(venue));
        Assert.Empty(venue.Leader.Bust);
    }

    [Fact]
    public async Task ANonceOfAFormerKeyThatAnotherTransactionTook_GivesTheTradesBack()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (former, trade) = await SentByFormerKeyAsync(venue);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await SendAsync(venue, former.Key, venue.Deployment.Usdc, UsdcContract.Approve(venue.Deployment.Factory, 0));
        var submitter = venue.NewSubmitter();
        for (var i = 0; i < 6; i++)
        {
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
        }

        Assert.Equal(["failed", "broadcast"], await StatesAsync(venue));
        await FinishAsync(venue, submitter);
        Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
    }

    [Fact]
    public async Task ABump_LeavesTheBatchOfAFormerKeyAlone()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var former = await AddOperatorAsync(venue);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.TradeAsync(alice, bob);
        await fixture.AutomineAsync(false);
        await venue.StepAsync(venue.NewSubmitter(key: former));
        await venue.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, bumped_batch)
            SELECT 'n', 1, 1, 1, 1, batch_id FROM settlement_batches
            """
        );
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        Assert.Equal(["broadcast"], await StatesAsync(venue));

        await venue.TradeAsync(alice, bob);
        await venue.StepAsync(submitter);
        await venue.ExecuteAsync("UPDATE settlement_status SET bumped_batch = (SELECT max(batch_id) FROM settlement_batches)");
        await venue.StepAsync(submitter);
        Assert.Equal(["broadcast", "replaced", "signed"], await StatesAsync(venue));
    }

    /// <summary>Its role came back after it was given up, and somebody had its bytes.</summary>
    [Fact]
    public async Task ABatchThatIsMinedAfterItWasGivenUp_SettlesWhatItSettles_AndDecidesNothingElse()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var former = await AddOperatorAsync(venue);
        var admin = await venue.AddWalletAsync(shares: 0);
        await venue.SendAsync(
            venue.Operator.Key,
            venue.Deployment.Factory,
            ContractArtifact.MarketFactory.Encode("grantRole", default(Hash32), admin.Address)
        );
        var (alice, bob, eve) = (await venue.AddTraderAsync(), await venue.AddTraderAsync(), await venue.AddTraderAsync(usdc: 100));
        var (settles, fails) = (await venue.TradeAsync(alice, bob), await venue.TradeAsync(eve, bob));
        await fixture.AutomineAsync(false);
        await venue.StepAsync(venue.NewSubmitter(key: former));
        var given = await venue.ScalarAsync<byte[]>("SELECT raw_tx FROM settlement_batches");
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await RoleAsync(admin, venue, "revokeRole", former);
        await fixture.MineAsync(1 + venue.Options.Confirmations);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        Assert.Equal(["failed", "broadcast"], await StatesAsync(venue));

        await fixture.RequestAsync("anvil_dropAllTransactions");
        await RoleAsync(admin, venue, "grantRole", former);
        await SendAsync(venue, eve.Key, venue.Deployment.Usdc, UsdcContract.Transfer(bob.Address, 100_000_000));
        await fixture.MineAsync();
        await venue.Client.SendRawTransactionAsync(given);
        await fixture.MineAsync();
        await SendAsync(venue, bob.Key, venue.Deployment.Usdc, UsdcContract.Transfer(eve.Address, 100_000_000));
        await fixture.MineAsync(venue.Options.Confirmations);
        await venue.FollowAsync();
        Assert.Equal(("final", "broadcast"), ((await venue.StateOfAsync(settles)).State, (await venue.StateOfAsync(fails)).State));

        await venue.StepAsync(submitter);
        await FinishAsync(venue, submitter);
        foreach (var trade in new[] { settles, fails })
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(["final", "final"], await StatesAsync(venue));
        Assert.Empty(venue.Leader.Bust);
    }

    /// <summary>A trade in a transaction that no block has yet.</summary>
    private async Task<(OperatorKey Former, long Trade)> SentByFormerKeyAsync(Venue venue)
    {
        var former = await AddOperatorAsync(venue);
        var trade = await venue.TradeAsync(await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await fixture.AutomineAsync(false);
        await venue.StepAsync(venue.NewSubmitter(key: former));
        return (former, trade);
    }

    private async Task<OperatorKey> AddOperatorAsync(Venue venue)
    {
        var key = new OperatorKey(await venue.AddWalletAsync(shares: 0));
        await RoleAsync(venue.Operator.Key, venue, "grantRole", key);
        return key;
    }

    private async Task FinishAsync(Venue venue, Submitter submitter)
    {
        await fixture.MineAsync(1 + venue.Options.Confirmations);
        await venue.StepAsync(submitter);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
    }

    private static Task RoleAsync(PrivateKey admin, Venue venue, string function, OperatorKey key) =>
        SendAsync(
            venue,
            admin,
            venue.Deployment.Factory,
            ContractArtifact.MarketFactory.Encode(function, MarketFactoryContract.OperatorRole, key.Key.Address)
        );

    /// <summary>Pays a higher tip than a batch, so that it is mined before it.</summary>
    private static async Task SendAsync(Venue venue, PrivateKey from, Address to, byte[] data) =>
        await venue.Client.SendTransactionAsync(
            new Eip1559Transaction
            {
                ChainId = venue.Deployment.ChainId,
                Nonce = await venue.Client.GetTransactionCountAsync(from.Address, BlockRef.Pending),
                To = to,
                GasLimit = 300_000,
                MaxFeePerGas = 500 * SettlementOptions.Gwei,
                MaxPriorityFeePerGas = 100 * SettlementOptions.Gwei,
                Data = data,
            }.Sign(from)
        );

    private static Task<string[]> StatesAsync(Venue venue) =>
        venue.ScalarAsync<string[]>("SELECT array_agg(state ORDER BY batch_id) FROM settlement_batches");
}
