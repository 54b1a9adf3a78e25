using System.Numerics;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Reconciliation;

namespace Foresight.Matching.Tests.Reconciliation;

public class ReconciliationRulesTests
{
    [Fact]
    public void Compare_OfTenThousandCleanTrades_InventsNothing()
    {
        var ids = Enumerable.Range(1, 10_000).Select(i => (long)i).ToList();
        Assert.Empty(Compare([.. ids.Select(i => Settled(i))], [.. ids.Select(i => InJournal(i))]));
    }

    [Fact]
    public void Compare_FindsATradeThatOnlyTheJournalHas()
    {
        var found = Assert.Single(Compare([Settled(1)], [InJournal(1), InJournal(2)]));
        Assert.Equal(("missing_onchain:2", "missing_onchain", "critical"), (found.NaturalKey, found.Kind, found.Severity));
        Assert.Null(found.OnChain);
    }

    [Fact]
    public void Compare_LeavesAlone_WhatTheJournalPutsElsewhereOrDoesNotCallSettled() =>
        Assert.Empty(
            Compare([], [InJournal(1) with { Block = 2000 }, InJournal(2, "broadcast") with { Block = null }, InJournal(3, "failed")])
        );

    [Fact]
    public void Compare_FindsATradeThatOnlyTheChainHas()
    {
        var found = Assert.Single(Compare([Settled(1), Settled(2)], [InJournal(1)]));
        Assert.Equal(("missing_offchain:trade:2", "missing_offchain"), (found.NaturalKey, found.Kind));
        Assert.Null(found.OffChain);
    }

    [Fact]
    public void Compare_FindsAFillBehindOurBack_UnderItsTransactionAndLogIndex()
    {
        var direct = new DirectFill(1, "0xm", Buy(1), new EventPlace(70, "0xb", "0xabc", 3), KnownOrder: true);
        var found = Assert.Single(Compare([], [], [direct]));
        Assert.Equal(("missing_offchain:0xabc:3", "high"), (found.NaturalKey, found.Severity));
    }

    [Fact]
    public void Compare_FindsAnotherAmount_AnotherPrice_AndAnotherMaker()
    {
        var amount = Settled(1) with { Amount = 7 };
        var price = Settled(2) with { Fills = [Buy(2) with { Price = 1 }, Sell(2)] };
        var maker = Settled(3) with { Fills = [Buy(3), Sell(3) with { Maker = "0xother" }] };
        var found = Compare([amount, price, maker], [InJournal(1), InJournal(2), InJournal(3)]);
        Assert.Equal(["amount_mismatch:1", "amount_mismatch:2", "amount_mismatch:3"], found.Select(f => f.NaturalKey));
    }

    [Fact]
    public void Compare_DoesNotCareInWhichOrderTheFillsCome() =>
        Assert.Empty(Compare([Settled(1) with { Fills = [Sell(1), Buy(1)] }], [InJournal(1)]));

    [Theory]
    [InlineData("matched", "medium")]
    [InlineData("broadcast", "medium")]
    [InlineData("failed", "high")]
    public void Compare_FindsATradeThatTheChainSettledAndTheJournalDidNot(string state, string severity)
    {
        var found = Assert.Single(Compare([Settled(1)], [InJournal(1, state) with { Block = null }]));
        Assert.Equal(("status_mismatch:1", severity), (found.NaturalKey, found.Severity));
    }

    [Fact]
    public void Compare_OfATradeThatTheChainSettledInAnotherBlock_SaysSo_NotThatItIsMissing()
    {
        var sides = Sides([], [InJournal(1)], []) with { SettledElsewhere = new Dictionary<long, EventPlace?> { [1] = null } };
        Assert.Equal(
            ("status_mismatch", "low"),
            (ReconciliationRules.Compare(sides)[0].Kind, ReconciliationRules.Compare(sides)[0].Severity)
        );
    }

    [Fact]
    public void Compare_OfATradeIdBeyond64Bits_DoesNotOverflow() =>
        Assert.Null(Assert.Single(Compare([Settled(1) with { TradeId = BigInteger.Pow(2, 255) }], [])).TradeId);

    [Fact]
    public void Compare_Twice_GivesTheSameKeysAndTheSameEvidence()
    {
        static string All() =>
            string.Join(
                '\n',
                Compare([Settled(1), Settled(2) with { Amount = 5 }], [InJournal(2), InJournal(3)])
                    .Select(f => $"{f.NaturalKey} {Evidence.Json(f.OnChain)} {Evidence.Json(f.OffChain)}")
            );
        Assert.Equal(All(), All());
    }

    [Fact]
    public void ARepair_IsOfAFateOrAnUnknownFillOnly_NeverOfAnAmountOrATradeThatTheChainHasNot()
    {
        var direct = new DirectFill(1, "0xm", Buy(6), new EventPlace(70, "0xb", "0xabc", 3), KnownOrder: true);
        var found = Compare(
            [Settled(1), Settled(2) with { Amount = 7 }, Settled(3), Settled(4) with { Amount = 7 }],
            [InJournal(2), InJournal(3, "failed"), InJournal(4, "failed"), InJournal(5)],
            [direct]
        );
        Assert.Equal(
            [
                "amount_mismatch:2",
                "amount_mismatch:4",
                "missing_offchain:0xabc:3",
                "missing_offchain:trade:1",
                "missing_onchain:5",
                "status_mismatch:3",
                "status_mismatch:4",
            ],
            found.Select(f => f.NaturalKey).Order(StringComparer.Ordinal)
        );
        // The amounts of trade 4 are in doubt as well: settling it in the engine would move them.
        Assert.Equal(
            ["missing_offchain:0xabc:3", "missing_offchain:trade:1", "status_mismatch:3"],
            RepairRules.Select(found).Select(r => r.NaturalKey)
        );
    }

    [Fact]
    public void ARepair_SaysBeforeAndAfter()
    {
        var repair = RepairRules.Select(
            Compare(
                [Settled(3)],
                [InJournal(3, "failed") with { Block = null, TransactionHash = null, Reason = "balance:0xa", Closed = false }]
            )
        )[0];
        Assert.Equal(
            """{"tradeId":3,"settlement":"failed","reason":"balance:0xa","transactionHash":null,"blockNumber":null,"closed":false}""",
            Evidence.Json(repair.Before)
        );
        Assert.Equal(
            """{"tradeId":3,"settlement":"final","reason":null,"transactionHash":"0x3","blockNumber":50,"closed":true}""",
            Evidence.Json(repair.After)
        );
    }

    [Fact]
    public void ARepair_IsRefused_OverTheLimit_AndWherePeopleHaveDecided()
    {
        var repair = RepairRules.Select(Compare([Settled(3) with { Fills = [Buy(3) with { Amount = BigInteger.Pow(10, 18) }] }], []))[0];
        Assert.Equal(550_000, repair.Amount);
        Assert.Null(RepairRules.Refusal(repair, 550_000, isDecided: false));
        Assert.NotNull(RepairRules.Refusal(repair, 549_999, isDecided: false));
        Assert.Null(RepairRules.Refusal(repair, null, isDecided: false));
        Assert.NotNull(RepairRules.Refusal(repair, null, isDecided: true));
    }

    [Fact]
    public void Compare_LeavesOutAFill_ThatARepairHasRecorded()
    {
        var direct = new DirectFill(1, "0xm", Buy(1), new EventPlace(70, "0xb", "0xabc", 3), KnownOrder: true);
        var sides = Sides([Settled(2)], [], [direct]);
        Assert.Equal(2, ReconciliationRules.Compare(sides).Count);
        Assert.Empty(
            ReconciliationRules.Compare(
                sides with
                {
                    Recorded = new HashSet<string> { "missing_offchain:0xabc:3", "missing_offchain:trade:2" },
                }
            )
        );
    }

    [Fact]
    public void Compare_OfATradeThatNamesNoBlock_SaysTheSameInEveryRun()
    {
        var nowhere = InJournal(1) with { Block = null };
        var first = ReconciliationRules.Compare(Sides([], [nowhere], []) with { WithoutBlock = true });
        var later = ReconciliationRules.Compare(Sides([], [nowhere], []) with { WithoutBlock = true, ToBlock = 5000 });
        Assert.Equal(Evidence.Json(first[0].OffChain), Evidence.Json(later[0].OffChain));
        Assert.Null(first[0].BlockNumber);
    }

    [Fact]
    public void Totals_DifferByExactlyWhatIsMissing_AndNotByWhatWasOnItsWay()
    {
        var account = Chain.Address.Parse("0x00000000000000000000000000000000000000aa");
        LedgerHolding[] ledger = [new(new AssetKey(account, 0, 255), 1_000, 0), new(new AssetKey(account, 1, 0), 70, 0)];
        Assert.Equal(new BalanceTotals(1_000, 1_000, 2), BalanceRules.Totals(ledger, []));
        Assert.Equal(
            new BalanceTotals(1_000, 993, 2),
            BalanceRules.Totals(ledger, [(ledger[0] with { Owned = 1_020 }, 1_013), (ledger[1], 3)])
        );
    }

    private static List<Finding> Compare(ChainTrade[] chain, JournalTrade[] journal, DirectFill[]? direct = null) =>
        ReconciliationRules.Compare(Sides(chain, journal, direct ?? []));

    private static ReconciliationInput Sides(ChainTrade[] chain, JournalTrade[] journal, DirectFill[] direct) =>
        new(1, 1000, chain, direct, journal.ToDictionary(t => t.TradeId), new Dictionary<long, EventPlace?>(), new HashSet<string>());

    private static ChainTrade Settled(long id) => new(id, 1, "0xm", 0, 100, new EventPlace(50, "0xb", $"0x{id}", 1), [Buy(id), Sell(id)]);

    private static JournalTrade InJournal(long id, string state = "final") =>
        new(id, 1, 0, 100, state, null, 50, $"0x{id}", true, [Buy(id), Sell(id)]);

    private static FillSide Buy(long id) => new($"0xa{id}", "0xalice", 0, true, 550_000, 100);

    private static FillSide Sell(long id) => new($"0xb{id}", "0xbob", 0, false, 550_000, 100);
}
