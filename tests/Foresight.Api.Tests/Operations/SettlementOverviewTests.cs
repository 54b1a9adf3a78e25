using Foresight.Api.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Operations;

[Collection(ApiStackCollection.Name)]
public sealed class SettlementOverviewTests(ApiStack stack)
{
    [Fact]
    public async Task BeforeAnyNodeHasLedSettlement_NothingIsInvented()
    {
        await stack.ExecuteAsync("DELETE FROM settlement_status");
        var settlement = await UntilAsync(view => view.HolderNodeId is null);
        Assert.Equal(
            (0, 0, null, null, null),
            (settlement.HeadBlock, settlement.Confirmations, settlement.SignerAddress, settlement.LastError, settlement.Endpoints)
        );
    }

    [Fact]
    public async Task SettlementThatHasHalted_SaysWhy_AndHowItsEndpointsAre()
    {
        await stack.ExecuteAsync(
            """
            INSERT INTO settlement_status (node_id, epoch, head_block, confirmed_block, confirmations, signer, signer_balance_wei, halted,
                last_error, last_error_at, head_at, low_balance_wei, balance_low_since, endpoints)
            VALUES ('matching-2', 3, 120, 108, 12, decode(repeat('ab', 20), 'hex'), 1500000000000000001, 'the chain is another one',
                'an older error', '2026-01-01Z', now() - interval '3 hours', 2000000000000000000, '2026-01-02Z',
                '[{"name": "rpc-1", "isWell": true, "head": 120, "behind": 0},
                {"name": "rpc-2", "isWell": false, "error": "no answer"}]')
            """
        );
        try
        {
            var settlement = await UntilAsync(view => view.HolderNodeId == "matching-2");
            Assert.Equal((120, 108, 12), (settlement.HeadBlock, settlement.ConfirmedBlock, settlement.Confirmations));
            Assert.Equal("1.500000000000000001", settlement.SignerBalanceEth);
            Assert.InRange(settlement.ReportedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
            Assert.InRange(settlement.ReportAge!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
            Assert.InRange(settlement.HeadAge!.Value, TimeSpan.FromHours(3), TimeSpan.FromHours(3.1));
            Assert.Equal(("2", DateTimeOffset.Parse("2026-01-02Z")), (settlement.LowBalanceEth, settlement.BalanceLowSince));
            Assert.Equal($"0x{string.Concat(Enumerable.Repeat("ab", 20))}", settlement.SignerAddress!.ToLowerInvariant());
            Assert.Equal(
                ("the chain is another one", "Halted: the chain is another one", DateTimeOffset.Parse("2026-01-01Z")),
                (settlement.Halted, settlement.LastError, settlement.LastErrorAt)
            );
            Assert.Equal(
                [new ChainEndpointView("rpc-1", true, 120, 0, null), new ChainEndpointView("rpc-2", false, null, null, "no answer")],
                settlement.Endpoints!
            );

            await stack.ExecuteAsync("UPDATE settlement_status SET halted = NULL");
            settlement = await UntilAsync(view => view.Halted is null);
            Assert.Equal("an older error", settlement.LastError);
        }
        finally
        {
            await stack.ExecuteAsync("DELETE FROM settlement_status");
        }
    }

    [Fact]
    public async Task TradesOnTheirWay_AreCountedByState()
    {
        const long First = 8_500_000;
        var before = (await UntilAsync(_ => true)).TradesByState;
        await stack.ExecuteAsync(
            $"""
            INSERT INTO trades (trade_id, market_id, kind, quantity_lots, taker_outcome, taker_is_buy, taker_price_ticks, shard, sequence,
                epoch, executed_at, settlement, closed)
            SELECT {First} + n, 1, 0, 1, 0, true, 5000, 0, 1, 1, now() - interval '2 days',
                CASE WHEN n < 3 THEN 'batched' ELSE 'mined' END, true
            FROM generate_series(0, 6) n
            """
        );
        try
        {
            await UntilAsync(view =>
                view.TradesByState.GetValueOrDefault(TradeStates.Batched) == before.GetValueOrDefault(TradeStates.Batched) + 3
                && view.TradesByState.GetValueOrDefault(TradeStates.Mined) == before.GetValueOrDefault(TradeStates.Mined) + 4
                && view.WaitingSince < DateTimeOffset.UtcNow.AddDays(-1.9)
            );

            // As if the first of them had just failed: nothing older has.
            await stack.ExecuteAsync(
                $"UPDATE trades SET settlement = 'failed', settlement_changed_at = now() + interval '1 hour' WHERE trade_id = {First}"
            );
            await UntilAsync(view => view.SettledAt > DateTimeOffset.UtcNow.AddMinutes(59));

            // Upkeep is a final batch too, and the newest: it settles no trade.
            await stack.ExecuteAsync(
                $"""
                INSERT INTO settlement_batches (batch_id, epoch, market_id, signer, nonce, raw_tx, tx_hash, state, trades, generation)
                    OVERRIDING SYSTEM VALUE
                SELECT {First} + n, 1, CASE n WHEN 1 THEN 1 END, '\x01', -{First} - n, '\x', decode(md5(n::text), 'hex'), 'final', 2 - n, 1
                FROM generate_series(1, 2) n;
                UPDATE trades SET settlement = 'final', batch_id = {First} + 1, settlement_changed_at = now() + interval '2 hours'
                WHERE trade_id = {First}
                """
            );
            await UntilAsync(view => view.SettledAt > DateTimeOffset.UtcNow.AddMinutes(119));
        }
        finally
        {
            await stack.ExecuteAsync(
                $"""
                DELETE FROM trades WHERE trade_id BETWEEN {First} AND {First} + 6;
                DELETE FROM settlement_batches WHERE batch_id > {First} AND nonce < 0
                """
            );
        }
    }

    [Fact]
    public async Task TheOverview_HasEveryPart_AndNamesNoneAsMissing()
    {
        AdminOverview? overview = null;
        await Eventually.TrueAsync(
            "all parts answer",
            Eventually.Patience,
            async () => (overview = await stack.ReadAsync<AdminOverview>("admin/overview", asOperator: true)).Unavailable.Count == 0
        );
        Assert.NotNull(overview!.Cluster);
        Assert.NotNull(overview.Database);
        Assert.NotNull(overview.Reconciliation);
        Assert.NotNull(overview.Settlement);
        Assert.True(overview.Throughput!.LastSequence >= 10);
    }

    /// <summary>Polled, because the replica answers, and has a write a little later.</summary>
    private async Task<SettlementView> UntilAsync(Func<SettlementView, bool> holds)
    {
        SettlementView? view = null;
        await Eventually.TrueAsync(
            "settlement is as expected",
            Eventually.Patience,
            async () =>
                (await stack.ReadAsync<AdminOverview>("admin/overview", asOperator: true)).Settlement is { } read && holds(view = read)
        );
        return view!;
    }
}
