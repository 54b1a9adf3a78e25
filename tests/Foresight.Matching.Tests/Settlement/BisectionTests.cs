using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Chain.Transactions;
using Foresight.Matching.Settlement;

namespace Foresight.Matching.Tests.Settlement;

[Collection(ChainCollection.Name)]
public sealed class BisectionTests(ChainFixture fixture)
{
    private static readonly Hash32 OperatorRole = Keccak256.HashText("OPERATOR");

    [Fact]
    public async Task ABatchThatPassesEveryTrialAndReverts_ComesAgainInHalves_AndEachTradeSettlesOnce()
    {
        await using var venue = await Venue.CreateAsync(
            fixture,
            new SettlementOptions
            {
                BatchAge = TimeSpan.Zero,
                Confirmations = 2,
                BatchTrades = 4,
            }
        );
        var (alice, bob, admin) = (await venue.AddTraderAsync(), await venue.AddTraderAsync(), await venue.AddWalletAsync(shares: 0));
        await RoleAsync(venue.Operator.Key, "grantRole", default, admin.Address);
        var trades = new List<long>();
        for (var i = 0; i < 4; i++)
            trades.Add(await venue.TradeAsync(alice, bob));
        await fixture.AutomineAsync(false);
        var submitter = venue.NewSubmitter();

        // The sender lacks the operator role in the block that mines the batch, and has it again afterwards, so four trades are retried as
        // two and two.
        foreach (var expected in new[] { 1L, 3L })
        {
            await venue.StepAsync(submitter);
            Assert.Equal(expected, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches"));
            foreach (var trade in trades)
                Assert.Equal("broadcast", (await venue.StateOfAsync(trade)).State);
            await RoleAsync(admin, "revokeRole", OperatorRole, venue.Operator.Key.Address);
            await fixture.MineAsync(1 + venue.Options.Confirmations);
            await RoleAsync(admin, "grantRole", OperatorRole, venue.Operator.Key.Address);
            await fixture.MineAsync();
            await venue.StepAsync(submitter);
            Assert.Equal(expected, await venue.ScalarAsync<long>("SELECT count(*) FROM settlement_batches WHERE error = 'reverted'"));
        }

        await venue.StepAsync(submitter);
        await fixture.MineAsync(1 + venue.Options.Confirmations);
        await venue.StepAsync(submitter);
        await venue.FollowAsync();
        foreach (var trade in trades)
            Assert.Equal(("final", 1), ((await venue.StateOfAsync(trade)).State, await venue.TimesSettledAsync(trade)));
        Assert.Equal(
            "4 2 2 1 1 1 1",
            await venue.ScalarAsync<string>("SELECT string_agg(trades::text, ' ' ORDER BY batch_id) FROM settlement_batches")
        );
        Assert.Empty(venue.Leader.Bust);

        // Must be mined before the batch, so it pays a higher tip.
        async Task RoleAsync(PrivateKey from, string function, Hash32 role, Address account) =>
            await venue.Client.SendTransactionAsync(
                new Eip1559Transaction
                {
                    ChainId = venue.Deployment.ChainId,
                    Nonce = await venue.Client.GetTransactionCountAsync(from.Address, BlockRef.Pending),
                    To = venue.Deployment.Factory,
                    GasLimit = 300_000,
                    MaxFeePerGas = 500 * SettlementOptions.Gwei,
                    MaxPriorityFeePerGas = 100 * SettlementOptions.Gwei,
                    Data = ContractArtifact.MarketFactory.Function(function).Encode(role, account),
                }.Sign(from)
            );
    }
}
