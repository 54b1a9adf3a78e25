using System.Numerics;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Reconciliation;

/// <summary>
/// While a leader or a node is away the ledger may be ahead of the follower's block, which is no difference between ledger and chain.
/// </summary>
[Collection(ChainCollection.Name)]
public sealed class LedgerAheadTests(ChainFixture fixture)
{
    private static readonly BigInteger OneUsdc = 1_000_000;

    [Fact]
    public async Task ATradeThatTheLeaderHasSettled_WhileTheCursorStands_IsNoMismatch()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var venue = live.Venue;
        var (alice, bob) = (await live.AddWalletAsync(), await live.AddWalletAsync());
        await live.ConfirmAsync();
        await live.PlaceAsync(alice, isBuy: false, 5_000, 100);
        Assert.NotEqual(0, (await live.PlaceAsync(bob, isBuy: true, 5_000, 100)).TradeId);
        var submitter = venue.NewSubmitter();
        await venue.StepAsync(submitter);
        await fixture.MineAsync(3);
        await venue.StepAsync(submitter);

        await FollowUntilAcknowledgedAsync(live, command => command is SettleTrade);
        Assert.True(await venue.ScalarAsync<bool>("SELECT bool_and(closed AND settlement = 'mined') FROM trades"));
        // Open from an earlier run; whether it still exists cannot be determined now.
        var key = $"balance_mismatch:{alice.Account.ToLowerHex()}:USDC";
        await venue.ExecuteAsync(
            "INSERT INTO discrepancies (natural_key, kind, severity, summary) VALUES ($1, 'balance_mismatch', 'high', '')",
            key
        );
        var result = await RunAsync(venue);
        Assert.Empty(result.Findings);
        Assert.Contains(key, result.Ahead);
        Assert.Contains("the ledger is ahead", await venue.ScalarAsync<string>("SELECT note FROM reconciliation_runs"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE absent_since IS NOT NULL"));

        await CatchUpAsync(live);
        Assert.Null((await RunAsync(venue)).Note);
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE absent_since IS NOT NULL"));
    }

    [Fact]
    public async Task ADepositThatTheLeaderKnows_WhileTheCursorStands_IsNoMismatch()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var alice = await live.AddWalletAsync();
        // Waits until the payment for her shares is confirmed too, because unconfirmed amounts are left out for another reason.
        await live.MineAsync(4);
        Assert.Empty((await live.CheckBalancesAsync())!.Ahead);
        await live.Venue.SendAsync(live.Venue.Operator.Key, live.Venue.Deployment.Usdc, UsdcContract.Mint(alice.Account, 7 * OneUsdc));
        await fixture.MineAsync(3);
        await FollowUntilAcknowledgedAsync(live, command => command is ObserveBalance);
        var check = await live.CheckBalancesAsync();
        Assert.Empty(check!.Findings);
        Assert.Equal([$"balance_mismatch:{alice.Account.ToLowerHex()}:USDC"], check.Ahead);
        await CatchUpAsync(live);
    }

    [Fact]
    public async Task MoneyOnItsWayFromOneShardToAnother_IsNoMismatch()
    {
        await using var live = await LiveVenue.CreateAsync(fixture, shards: 2);
        var alice = await live.AddWalletAsync(usdc: 100, shares: 0);
        await live.ConfirmAsync();
        Assert.Equal(ProblemCodes.InsufficientBalance, (await live.PlaceAsync(alice, isBuy: true, 5_000, 14_000)).Result.Code);
        // Polled, because the follower looks for refused orders only from its second look on.
        var follower = live.Venue.NewFollowerVia(Interrupted(live, command => command is AllotCollateral { Units: < 0 }));
        await Eventually.TrueAsync(
            "the giving shard has given",
            Eventually.Patience,
            async () =>
            {
                await live.PlaceAsync(alice, isBuy: true, 5_000, 14_000);
                return await Record.ExceptionAsync(() => live.Venue.FollowAsync(follower)) is UndeliveredException;
            }
        );
        Assert.True(await live.OwnedUsdcAsync(alice) < 100 * OneUsdc);
        var check = await live.CheckBalancesAsync();
        Assert.Empty(check!.Findings);
        Assert.Contains($"balance_mismatch:{alice.Account.ToLowerHex()}:USDC", check.Ahead);
        await CatchUpAsync(live);
        Assert.Equal(100 * OneUsdc, await live.OwnedUsdcAsync(alice));
    }

    [Fact]
    public async Task AfterAReorganisation_NoBalanceIsCompared_UntilTheChainHasGrownBeyondIt()
    {
        await using var live = await LiveVenue.CreateAsync(fixture);
        var venue = live.Venue;
        var (alice, bob) = (await live.AddWalletAsync(), await live.AddWalletAsync());
        await live.ConfirmAsync();
        await live.PlaceAsync(alice, isBuy: false, 5_000, 100);
        await live.PlaceAsync(bob, isBuy: true, 5_000, 100);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.SettleAllAsync();
        await live.MineAsync(4);
        var cursor = await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = $1", ChainCursors.Follower);

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync((int)(cursor - await venue.Client.BlockNumberAsync()));
        // Until the follower has seen the reorganisation, the block of the ledger does not exist, so nothing can be compared.
        await Assert.ThrowsAnyAsync<RpcException>(() => live.CheckBalancesAsync());

        await venue.FollowAsync();
        Assert.Equal("broadcast", await venue.ScalarAsync<string>("SELECT settlement FROM trades"));
        var result = await RunAsync(venue);
        Assert.Equal((null, null, 0), (result.Error, result.Totals, result.Findings.Count));
        Assert.Contains("a reorganisation is being followed", result.Note);

        var submitter = venue.NewSubmitter();
        for (var i = 0; i < 6; i++)
        {
            await venue.StepAsync(submitter);
            await live.MineAsync();
        }

        Assert.Equal("final", await venue.ScalarAsync<string>("SELECT settlement FROM trades"));
        await CatchUpAsync(live);
    }

    /// <summary>The leader acknowledges, but the follower does not hear it, so its cursor stays.</summary>
    private static async Task FollowUntilAcknowledgedAsync(LiveVenue live, Func<LeaderCommand, bool> last) =>
        await Assert.ThrowsAsync<UndeliveredException>(() => live.Venue.FollowAsync(live.Venue.NewFollowerVia(Interrupted(live, last))));

    private static SendToLeader Interrupted(LiveVenue live, Func<LeaderCommand, bool> last) =>
        async (commands, cancellationToken) =>
        {
            var results = await live.Node.Router.SendAsync(commands, cancellationToken);
            return commands.Any(last) ? throw new UndeliveredException("A test took the answer away.") : results;
        };

    private static async Task CatchUpAsync(LiveVenue live)
    {
        await live.Venue.FollowAsync();
        var check = await live.CheckBalancesAsync();
        Assert.Empty(check!.Findings);
        Assert.Empty(check.Ahead);
        Assert.Equal(check.Totals.Chain, check.Totals.Ledger);
    }

    private static async Task<RunResult> RunAsync(Venue venue)
    {
        var journal = new ReconciliationJournal(venue.Database);
        var run = await journal.StartScheduledAsync(venue.Term, CancellationToken.None) with { Manual = true };
        var result = await venue
            .NewReconciler(options: new ReconciliationOptions { Confirmations = venue.Options.Confirmations })
            .RunAsync(run, CancellationToken.None);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None);
        return result;
    }
}
