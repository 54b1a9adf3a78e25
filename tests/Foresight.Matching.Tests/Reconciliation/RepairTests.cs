using System.Collections.Concurrent;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Settlement;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Matching.Tests.Reconciliation;

[Collection(ChainCollection.Name)]
public sealed class RepairTests(ChainFixture fixture)
{
    private static readonly ReconciliationOptions Options = new() { Balances = false };

    [Fact]
    public async Task ADryRun_ChangesNothing_AndSaysWhatTheRealRunThenDoes()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var trades = await DamageAsync(venue);
        var before = await JournalAsync(venue);

        var dry = await RunAsync(venue, dryRun: true);
        Assert.Equal(before, await JournalAsync(venue));
        Assert.Equal(6L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE state = 'open'"));
        Assert.Equal(
            4L,
            await venue.ScalarAsync<long>("SELECT count(*) FROM reconciliation_repairs WHERE run_id = $1 AND state = 'planned'", dry)
        );

        var heard = new ConcurrentQueue<TradeStatesMessage>();
        venue.Broadcast.Subscribe<TradeStatesMessage>(Channels.TradeStates, heard.Enqueue);
        var real = await RunAsync(venue, dryRun: false);
        await Eventually.TrueAsync("what was repaired is told", Eventually.Patience, () => heard.Count >= 2);
        // A repair uses none of the settler's numbers, because another holder assigns those.
        Assert.All(heard, m => Assert.Equal((0L, 0L, 0L), (m.Epoch, m.Sequence, m.Previous)));
        Assert.Equal(
            new[] { (trades[2], "final"), (trades[3], "final") },
            heard.Select(m => Assert.Single(m.Trades)).Select(t => (t.TradeId, t.Settlement)).Order()
        );
        Assert.All(heard, m => Assert.NotNull(m.Trades[0].TransactionHash));
        Assert.Equal(await RepairsAsync(venue, dry), await RepairsAsync(venue, real));
        Assert.Equal(
            4L,
            await venue.ScalarAsync<long>("SELECT count(*) FROM reconciliation_repairs WHERE run_id = $1 AND state = 'done'", real)
        );
        Assert.Equal(4, await venue.ScalarAsync<int>("SELECT repaired FROM reconciliation_runs WHERE run_id = $1", real));
        foreach (var trade in new[] { trades[2], trades[3] })
            Assert.Equal(
                1L,
                await venue.ScalarAsync<long>(
                    """
                    SELECT count(*) FROM trades t JOIN reconciliation_repairs r ON r.natural_key = 'status_mismatch:' || t.trade_id
                    WHERE r.run_id = $1 AND t.trade_id = $2 AND t.settlement = r.after ->> 'settlement'
                        AND t.block_number = (r.after ->> 'blockNumber')::bigint
                      AND '0x' || encode(t.tx_hash, 'hex') = r.after ->> 'transactionHash' AND t.settlement_reason IS NULL AND t.closed
                    """,
                    real,
                    trade
                )
            );
        Assert.Equal(2L, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_fills"));

        // Automatic repair must not decide about a wrong amount, or a trade that the chain does not have.
        Assert.Equal(
            "amount_mismatch,missing_onchain",
            await venue.ScalarAsync<string>("SELECT string_agg(kind, ',' ORDER BY kind) FROM discrepancies WHERE state = 'open'")
        );
        Assert.Equal(
            4L,
            await venue.ScalarAsync<long>(
                """
                SELECT count(*) FROM discrepancy_audit
                WHERE action = 'repair' AND actor = 'auto-fix' AND before IS NOT NULL AND after IS NOT NULL AND to_state = 'resolved'
                """
            )
        );

        // A repaired discrepancy must not be found again.
        var again = await RunAsync(venue, dryRun: false);
        Assert.Equal(2, await venue.ScalarAsync<int>("SELECT found FROM reconciliation_runs WHERE run_id = $1", again));
        Assert.Equal(
            4L,
            await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE state = 'resolved' AND absent_since IS NOT NULL")
        );
    }

    [Fact]
    public async Task AStatus_ReachesTheEngineAsTheFollowersOwnCommand_BeforeTheRowSaysIt()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var trades = await SettleAsync(venue, 2);
        await venue.ExecuteAsync(
            "UPDATE trades SET settlement = 'broadcast', block_number = NULL, tx_hash = NULL, closed = false WHERE trade_id = $1",
            trades[0]
        );
        venue.Leader.Commands.Clear();

        venue.Leader.Answer = ResultStatus.NotLeader;
        var run = await RunAsync(venue, dryRun: false);
        Assert.Equal("broadcast", (await venue.StateOfAsync(trades[0])).State);
        Assert.Equal("refused", await venue.ScalarAsync<string>("SELECT state FROM reconciliation_repairs WHERE run_id = $1", run));
        Assert.Equal("open", await venue.ScalarAsync<string>("SELECT state FROM discrepancies"));

        venue.Leader.Answer = null;
        await RunAsync(venue, dryRun: false);
        Assert.Equal("final", (await venue.StateOfAsync(trades[0])).State);
        Assert.Equal(RequestIds.OfFact("settle", trades[0].ToString()), Assert.Single(venue.Leader.Commands).RequestId);
    }

    [Fact]
    public async Task AFillThatNobodyKnew_ReducesWhatRestsOfItsOrder()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (carol, dave) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var (order, _) = await venue.AddFillPastTheRelayerAsync(carol, dave);
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        venue.Leader.Commands.Clear();
        await RunAsync(venue, dryRun: false);
        var command = Assert.IsType<ReduceOrder>(Assert.Single(venue.Leader.Commands));
        Assert.Equal((order.Hash.ToString(), 100L), (command.Hash, command.FilledLots));
        // One share at 0.60 USDC, in micro-USDC.
        Assert.Equal(600_000L, await venue.ScalarAsync<long>("SELECT amount FROM discrepancies"));
    }

    [Fact]
    public async Task WhatChangedSinceItWasCompared_IsLeftAlone()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var trades = await SettleAsync(venue, 1);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'broadcast' WHERE trade_id = $1", trades[0]);
        var (journal, run, result, repairer) = await CompareAsync(venue, dryRun: false, Options);
        var plan = await repairer.PlanAsync(result.Findings, CancellationToken.None);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'mined' WHERE trade_id = $1", trades[0]);
        Assert.Equal(0, await repairer.MakeAsync(venue.Term, run.RunId, plan, result.Range.ToBlock, CancellationToken.None));
        Assert.Equal("mined", (await venue.StateOfAsync(trades[0])).State);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancy_audit WHERE action = 'repair'"));
    }

    [Fact]
    public async Task AHolderThatWasReplaced_RepairsNothing()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var trades = await SettleAsync(venue, 1);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'broadcast' WHERE trade_id = $1", trades[0]);
        var (journal, run, result, repairer) = await CompareAsync(venue, dryRun: false, Options);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None);
        var old = venue.Term;
        await venue.TakeTermAsync();
        var plan = await repairer.PlanAsync(result.Findings, CancellationToken.None);
        var refused = await Assert.ThrowsAnyAsync<Npgsql.PostgresException>(() =>
            repairer.MakeAsync(old, run.RunId, plan, result.Range.ToBlock, CancellationToken.None)
        );
        Assert.Equal("FS001", refused.SqlState);
        Assert.Equal("broadcast", (await venue.StateOfAsync(trades[0])).State);
    }

    private static async Task<List<long>> DamageAsync(Venue venue)
    {
        var trades = await SettleAsync(venue, 6);
        await venue.ExecuteAsync(
            """
            INSERT INTO trades SELECT 1000, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, 'final', NULL, NULL, tx_hash, block_number, now(), true FROM trades WHERE trade_id = $1
            """,
            trades[0]
        );
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = quantity_lots + 1 WHERE trade_id = $1", trades[1]);
        await venue.ExecuteAsync(
            "UPDATE trades SET settlement = 'failed', settlement_reason = 'balance:0xa' WHERE trade_id = $1",
            trades[2]
        );
        await venue.ExecuteAsync("UPDATE trades SET block_number = NULL WHERE trade_id = $1", trades[3]);
        await venue.ExecuteAsync("DELETE FROM fills WHERE trade_id = $1", trades[4]);
        await venue.ExecuteAsync("DELETE FROM trades WHERE trade_id = $1", trades[4]);
        var (carol, dave) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.AddFillPastTheRelayerAsync(carol, dave);
        await venue.Fixture.MineAsync(3);
        await venue.FollowAsync();
        return trades;
    }

    private static async Task<List<long>> SettleAsync(Venue venue, int count)
    {
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trades = new List<long>();
        for (var i = 0; i < count; i++)
            trades.Add(await venue.TradeAsync(alice, bob, 5_000 + i, 10 + i));
        await venue.SettleAllAsync();
        return trades;
    }

    private static async Task<long> RunAsync(Venue venue, bool dryRun)
    {
        var (journal, run, result, repairer) = await CompareAsync(venue, dryRun, Options);
        Assert.Null(result.Error);
        var plan = await repairer.PlanAsync(result.Findings, CancellationToken.None);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None, dryRun ? plan : []);
        if (!dryRun)
            await repairer.MakeAsync(venue.Term, run.RunId, plan, result.Range.ToBlock, CancellationToken.None);
        return run.RunId;
    }

    private static async Task<(ReconciliationJournal Journal, RunRow Run, RunResult Result, Repairer Repairer)> CompareAsync(
        Venue venue,
        bool dryRun,
        ReconciliationOptions options
    )
    {
        var context = venue.NewReconciliation(options);
        var run = await context.Journal.StartScheduledAsync(venue.Term, CancellationToken.None) with { Manual = true, DryRun = dryRun };
        var leader = new LeaderClient(venue.Leader.SendAsync, venue.Deployment, venue.Options, TimeProvider.System, NullLogger.Instance);
        var repairer = new Repairer(context, leader, venue.Publisher, NullLogger.Instance);
        return (context.Journal, run, await venue.NewReconciler().RunAsync(run, CancellationToken.None), repairer);
    }

    private static Task<string> RepairsAsync(Venue venue, long run) =>
        venue.ScalarAsync<string>(
            """
            SELECT string_agg(natural_key || ' ' || before || ' -> ' || after, E'\n' ORDER BY natural_key)
            FROM reconciliation_repairs WHERE run_id = $1
            """,
            run
        );

    private static Task<string> JournalAsync(Venue venue) =>
        venue.ScalarAsync<string>(
            """
            SELECT (SELECT string_agg(t::text, ' ' ORDER BY trade_id) FROM trades t)
                || (SELECT count(*) FROM chain_fills) || (SELECT string_agg(o::text, ' ' ORDER BY order_id) FROM orders o)
            """
        );
}
