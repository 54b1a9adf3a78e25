using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Reconciliation;

[Collection(ChainCollection.Name)]
[Trait("Category", "Trust")]
public sealed class ReconcilerTests(ChainFixture fixture)
{
    [Fact]
    public async Task CleanTrades_HaveNoDiscrepancy()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await SettleSomeAsync(venue, 12);
        var result = await RunAsync(venue);
        Assert.Null(result.Error);
        Assert.Equal((12, 0), (result.TradesCompared, result.Findings.Count));
        Assert.Equal("covered", await venue.ScalarAsync<string>("SELECT state FROM reconciliation_coverage"));
        var followed = await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'follower'");
        Assert.Equal(followed, await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'reconciliation'"));
    }

    [Fact]
    public async Task FourKindsInjected_AreFoundEach_AndASecondRunAddsNone()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (trades, orders) = await SettleSomeAsync(venue, 10);
        await venue.ExecuteAsync(
            """
            INSERT INTO trades SELECT 1000, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, 'final', NULL, NULL, tx_hash, block_number, now(), true FROM trades WHERE trade_id = $1
            """,
            trades[0]
        );
        await venue.ExecuteAsync("DELETE FROM fills WHERE trade_id = $1", trades[1]);
        await venue.ExecuteAsync("DELETE FROM trades WHERE trade_id = $1", trades[1]);
        var direct = await FillDirectlyAsync(venue);
        await venue.ExecuteAsync("UPDATE fills SET quantity_lots = quantity_lots + 1 WHERE trade_id = $1 AND leg = 0", trades[2]);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'failed' WHERE trade_id = $1", trades[3]);
        await venue.ExecuteAsync("UPDATE trades SET block_number = NULL WHERE trade_id = $1", trades[4]);

        var expected = new[]
        {
            $"amount_mismatch:{trades[2]}",
            $"missing_offchain:trade:{trades[1]}",
            direct,
            "missing_onchain:1000",
            $"status_mismatch:{trades[3]}",
            $"status_mismatch:{trades[4]}",
        }.Order(StringComparer.Ordinal);
        Assert.Null((await RunAsync(venue, manual: true)).Error);
        Assert.Equal(expected, await KeysAsync(venue));

        await venue.TakeTermAsync();
        await RunAsync(venue, manual: true);
        Assert.Equal(expected, await KeysAsync(venue));
        Assert.Equal(0, await venue.ScalarAsync<int>("SELECT new FROM reconciliation_runs ORDER BY run_id DESC LIMIT 1"));
        Assert.Equal(6, await venue.ScalarAsync<int>("SELECT new FROM reconciliation_runs ORDER BY run_id LIMIT 1"));
        Assert.Equal(6L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancy_audit WHERE action = 'found'"));
    }

    [Fact]
    public async Task WhatAPersonResolved_StaysResolved_UntilTheEvidenceIsAnother()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (trades, _) = await SettleSomeAsync(venue, 2);
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = 7 WHERE trade_id = $1", trades[0]);
        await RunAsync(venue, manual: true);
        await venue.ExecuteAsync("UPDATE discrepancies SET state = 'resolved', note = 'looked at'");
        await RunAsync(venue, manual: true);
        Assert.Equal("resolved", await venue.ScalarAsync<string>("SELECT state FROM discrepancies"));
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = 8 WHERE trade_id = $1", trades[0]);
        await RunAsync(venue, manual: true);
        Assert.Equal("reopened", await venue.ScalarAsync<string>("SELECT state FROM discrepancies"));
        Assert.Equal(
            1L,
            await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancy_audit WHERE action = 'reopen' AND from_state = 'resolved'")
        );
    }

    [Fact]
    public async Task WhatWasResolved_WasGone_AndIsBack_IsReopened()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (trades, _) = await SettleSomeAsync(venue, 2);
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = quantity_lots + 1 WHERE trade_id = $1", trades[0]);
        await RunAsync(venue, manual: true);
        await venue.ExecuteAsync("UPDATE discrepancies SET state = 'resolved'");
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = quantity_lots - 1 WHERE trade_id = $1", trades[0]);
        await RunAsync(venue, manual: true);
        Assert.Equal(
            1L,
            await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE absent_since IS NOT NULL AND state = 'resolved'")
        );
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = quantity_lots + 1 WHERE trade_id = $1", trades[0]);
        await RunAsync(venue, manual: true);
        Assert.Equal(
            1L,
            await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE absent_since IS NULL AND state = 'reopened'")
        );
        Assert.Equal(
            "Seen again after it was gone.",
            await venue.ScalarAsync<string>("SELECT note FROM discrepancy_audit WHERE action = 'reopen'")
        );
    }

    [Fact]
    public async Task ARun_Reopens_OnOtherEvidence_OrWhenWhatWasResolvedHasComeBack()
    {
        const string Other = "Seen again with other evidence.",
            Back = "Seen again after it was gone.";
        (string State, bool Same, bool WasGone, string? Why)[] cases =
        [
            ("resolved", true, false, null),
            ("resolved", true, true, Back), // It was repaired, so it must be reported that it has come back.
            ("resolved", false, false, Other),
            ("resolved", false, true, Other),
            ("ignored", true, true, null), // An operator who ignores it knows that it comes and goes.
            ("ignored", false, false, Other),
            ("acknowledged", false, true, null),
            ("open", false, true, null),
            ("reopened", false, true, null),
        ];
        await using var venue = await Venue.CreateAsync(fixture);
        for (var i = 0; i < cases.Length; i++)
        {
            await venue.ExecuteAsync(
                """
                INSERT INTO discrepancies (natural_key, kind, severity, summary, state, on_chain, absent_since)
                VALUES ($1, 'amount_mismatch', 'high', '', $2, '{"lots":7}', CASE WHEN $3 THEN now() END)
                """,
                $"case-{i}",
                cases[i].State,
                cases[i].WasGone
            );
        }

        var journal = new ReconciliationJournal(venue.Database);
        var run = await journal.StartScheduledAsync(venue.Term, CancellationToken.None);
        var findings = cases
            .Select(
                (one, i) =>
                    new Finding(
                        $"case-{i}",
                        DiscrepancyKinds.AmountMismatch,
                        Severities.High,
                        null,
                        null,
                        null,
                        null,
                        "",
                        new { lots = one.Same ? 7 : 8 },
                        null
                    )
            )
            .ToList();
        var range = new BlockRange(1, 2);
        await journal.FinishAsync(
            venue.Term,
            new RunResult(run.RunId, null, range, 0, findings, [range], null, null),
            CancellationToken.None
        );

        for (var i = 0; i < cases.Length; i++)
        {
            var state = await venue.ScalarAsync<string>("SELECT state FROM discrepancies WHERE natural_key = $1", $"case-{i}");
            var why = await venue.ScalarAsync<string>(
                """
                SELECT coalesce(max(a.note), '') FROM discrepancy_audit a JOIN discrepancies USING (discrepancy_id)
                WHERE natural_key = $1 AND action = 'reopen'
                """,
                $"case-{i}"
            );
            Assert.Equal((cases[i].Why is null ? cases[i].State : "reopened", cases[i].Why ?? ""), (state, why));
        }
    }

    [Fact]
    public async Task WhatWasIgnoredUntilNow_AsksAgain_AndWhatIsIgnoredLonger_DoesNot()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await venue.ExecuteAsync(
            """
            INSERT INTO discrepancies (natural_key, kind, severity, summary, state, ignored_until)
            VALUES ('a', 'amount_mismatch', 'high', '', 'ignored', now()),
                ('b', 'amount_mismatch', 'high', '', 'ignored', now() + interval '1 hour'),
                   ('c', 'amount_mismatch', 'high', '', 'ignored', NULL)
            """
        );
        var journal = new ReconciliationJournal(venue.Database);
        await journal.ReopenDueAsync(venue.Term, CancellationToken.None);
        await journal.ReopenDueAsync(venue.Term, CancellationToken.None);
        Assert.Equal(
            "a",
            await venue.ScalarAsync<string>("SELECT string_agg(natural_key, ',') FROM discrepancies WHERE state = 'reopened'")
        );
        Assert.Equal(1L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancy_audit WHERE action = 'reopen'"));
    }

    [Fact]
    public async Task TheProof_HoldsLogReceiptBlockAndSignedOrders()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (trades, _) = await SettleSomeAsync(venue, 2);
        await venue.ExecuteAsync("UPDATE trades SET quantity_lots = 7 WHERE trade_id = $1", trades[0]);
        await RunAsync(venue, manual: true);
        using var proof = System.Text.Json.JsonDocument.Parse(await venue.ScalarAsync<string>("SELECT proof::text FROM discrepancies"));
        var root = proof.RootElement;
        Assert.Equal(
            await venue.ScalarAsync<string>("SELECT '0x' || encode(tx_hash, 'hex') FROM trades WHERE trade_id = $1", trades[0]),
            root.GetProperty("receipt").GetProperty("transactionHash").GetString()
        );
        Assert.Equal(MarketEvents.TradeSettled.Topic.ToString(), root.GetProperty("log").GetProperty("topics")[0].GetString());
        Assert.Equal(
            await venue.ScalarAsync<long>("SELECT block_number FROM trades WHERE trade_id = $1", trades[0]),
            root.GetProperty("block").GetProperty("number").GetInt64()
        );
        Assert.Equal(2, root.GetProperty("orders").GetArrayLength());
        Assert.All(
            root.GetProperty("orders").EnumerateArray(),
            order => Assert.Equal(132, order.GetProperty("signature").GetString()!.Length)
        );
    }

    [Fact]
    public async Task ANodeThatFailsInTheMiddle_FailsTheRun_FindsNothing_MovesNoCursor_AndLeavesAGap()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (trades, _) = await SettleSomeAsync(venue, 6);
        await venue.ExecuteAsync("UPDATE trades SET settlement = 'failed' WHERE trade_id = $1", trades[0]);
        var reads = 0;
        var failing = new FaultyTransport(fixture.Transport, m => m == "eth_getLogs" && ++reads == 2);
        var result = await RunAsync(venue, venue.NewReconciler(failing, new ReconciliationOptions { BlockRange = 3, Balances = false }));
        Assert.NotNull(result.Error);
        Assert.Equal("failed", await venue.ScalarAsync<string>("SELECT state FROM reconciliation_runs"));
        Assert.Equal("failed", await venue.ScalarAsync<string>("SELECT state FROM reconciliation_coverage"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies"));
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM chain_cursors WHERE name = 'reconciliation'"));

        Assert.Null((await RunAsync(venue)).Error);
        Assert.Equal([$"status_mismatch:{trades[0]}"], await KeysAsync(venue));
    }

    [Fact]
    public async Task ANodeThatSaysThereAreNoLogs_FailsTheRun_AndNoTradeIsMissing()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await SettleSomeAsync(venue, 3);
        var result = await RunAsync(venue, venue.NewReconciler(new ForgetfulTransport(fixture.Transport)));
        Assert.Contains("omits logs", result.Error);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies"));
    }

    [Fact]
    public async Task ATradeThatTheFollowerHasNotReached_IsNotComparedYet()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await venue.TradeAsync(alice, bob);
        await venue.StepAsync(venue.NewSubmitter());
        await fixture.MineAsync(5);
        var result = await RunAsync(venue);
        Assert.Equal((null, 0, 0), (result.Error, result.TradesCompared, result.Findings.Count));
    }

    [Fact]
    public async Task ARequest_IsTakenUpOnce_AndJoinsTheOneThatWaits()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var first = await venue.ScalarAsync<long>("SELECT run_id FROM request_reconciliation('api-1')");
        Assert.Equal(first, await venue.ScalarAsync<long>("SELECT run_id FROM request_reconciliation('api-2') WHERE already_running"));
        var run = await new ReconciliationStore(venue.Database).ReadRequestedAsync(CancellationToken.None);
        Assert.Equal(new RunRow(first, Manual: true), run);
    }

    [Fact]
    public async Task ALedgerThatDiffersFromTheChain_IsFoundToTheUnit_AndACleanOneIsNot()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        foreach (var observed in venue.Leader.Commands.OfType<ObserveBalance>())
        {
            await venue.ExecuteAsync(
                """
                INSERT INTO balances (account_id, market_id, outcome, owned, order_hold, trade_hold, updated_sequence)
                SELECT account_id, $2, $3, $4, 0, 0, 1 FROM accounts WHERE address = $1
                ON CONFLICT (account_id, market_id, outcome, shard, purse) DO UPDATE SET owned = excluded.owned
                """,
                Chain.Address.Parse(observed.Account!).ToBytes(),
                observed.MarketId,
                (short)observed.Outcome,
                observed.Units
            );
        }

        var options = new ReconciliationOptions { Balances = true };
        Assert.Empty((await RunAsync(venue, venue.NewReconciler(options: options))).Findings);
        await venue.ExecuteAsync("UPDATE balances SET owned = owned + 5 WHERE account_id = $1 AND market_id = 0", alice.AccountId);
        await venue.ExecuteAsync(
            "UPDATE balances SET owned = owned - 1 WHERE account_id = $1 AND market_id = 1 AND outcome = 1",
            bob.AccountId
        );
        var found = (await RunAsync(venue, venue.NewReconciler(options: options))).Findings;
        Assert.Equal(
            [$"balance_mismatch:{alice.Address.ToLowerHex()}:USDC high", $"balance_mismatch:{bob.Address.ToLowerHex()}:1:1 medium"],
            found
                .Select(f => $"{f.NaturalKey} {f.Severity}")
                .Order(StringComparer.Ordinal)
                .OrderByDescending(f => f.EndsWith("high", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task MoreFillsPastTheRelayerThanAreListed_ShareALine_AndThoseThatWereListedAreNotTakenForGone()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        var keys = new List<string>();
        for (var i = 0; i < 3; i++)
            keys.Add(await FillDirectlyAsync(venue));
        Assert.Equal(3, (await RunAsync(venue, manual: true)).Findings.Count);

        var options = new ReconciliationOptions
        {
            Balances = false,
            Confirmations = venue.Options.Confirmations,
            DirectFillsOfKnownOrders = 1,
        };
        var result = await RunAsync(venue, venue.NewReconciler(options: options), manual: true);
        Assert.Null(result.Error);
        Assert.Equal(2, result.Findings.Count);
        Assert.Equal(keys[0], result.Findings[0].NaturalKey);
        Assert.StartsWith("missing_offchain:more:", result.Findings[1].NaturalKey);
        Assert.Equal(0L, await venue.ScalarAsync<long>("SELECT count(*) FROM discrepancies WHERE absent_since IS NOT NULL"));
        Assert.StartsWith(
            "2 fills past the relayer",
            await venue.ScalarAsync<string>("SELECT note FROM reconciliation_runs ORDER BY run_id DESC LIMIT 1")
        );

        Assert.Equal(3, (await RunAsync(venue, manual: true)).Findings.Count);
        Assert.Equal(
            result.Findings[1].NaturalKey,
            await venue.ScalarAsync<string>("SELECT natural_key FROM discrepancies WHERE absent_since IS NOT NULL")
        );
    }

    private static async Task<(List<long> Trades, List<SignedTestOrder> Orders)> SettleSomeAsync(Venue venue, int count)
    {
        var (alice, bob) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var trades = new List<long>();
        for (var i = 0; i < count; i++)
            trades.Add(await venue.TradeAsync(alice, bob, 5_000 + i, 10 + i));
        await venue.SettleAllAsync();
        Assert.Equal((long)count, await venue.ScalarAsync<long>("SELECT count(*) FROM trades WHERE settlement = 'final'"));
        return (trades, []);
    }

    private static async Task<string> FillDirectlyAsync(Venue venue)
    {
        var (carol, dave) = (await venue.AddTraderAsync(), await venue.AddTraderAsync());
        var (_, hash) = await venue.AddFillPastTheRelayerAsync(carol, dave);
        await venue.Fixture.MineAsync(3);
        await venue.FollowAsync();
        var receipt = (await venue.Client.GetTransactionReceiptsAsync([hash]))[0];
        return $"missing_offchain:{hash}:{receipt!.Logs.First(l => MarketEvents.TryDecode(l) is MarketEvent.OrderFilled).Index}";
    }

    private static async Task<RunResult> RunAsync(Venue venue, Reconciler? reconciler = null, bool manual = false)
    {
        var journal = new ReconciliationJournal(venue.Database);
        var run = await journal.StartScheduledAsync(venue.Term, CancellationToken.None) with { Manual = manual };
        var result = await (reconciler ?? venue.NewReconciler()).RunAsync(run, CancellationToken.None);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None);
        return result;
    }

    private static async Task<List<string>> KeysAsync(Venue venue)
    {
        var keys = new List<string>();
        await using var command = venue.Database.CreateCommand("SELECT natural_key FROM discrepancies");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            keys.Add(reader.GetString(0));
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }
}
