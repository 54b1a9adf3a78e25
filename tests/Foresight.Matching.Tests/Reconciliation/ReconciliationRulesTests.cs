using System.Numerics;
using Foresight.Matching.Reconciliation;
using Xunit;

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
    public void Compare_LeavesAlone_WhatTheJournalPutsElsewhereOrDoesNotCallSettled()
        => Assert.Empty(Compare([], [InJournal(1) with { Block = 2000 }, InJournal(2, "broadcast") with { Block = null }, InJournal(3, "failed")]));

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
    public void Compare_DoesNotCareInWhichOrderTheFillsCome()
        => Assert.Empty(Compare([Settled(1) with { Fills = [Sell(1), Buy(1)] }], [InJournal(1)]));

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
        var sides = Sides([], [InJournal(1)], []) with { SettledElsewhere = new HashSet<long> { 1 } };
        Assert.Equal(("status_mismatch", "low"), (ReconciliationRules.Compare(sides)[0].Kind, ReconciliationRules.Compare(sides)[0].Severity));
    }

    [Fact]
    public void Compare_OfATradeIdBeyond64Bits_DoesNotOverflow()
        => Assert.Null(Assert.Single(Compare([Settled(1) with { TradeId = BigInteger.Pow(2, 255) }], [])).TradeId);

    [Fact]
    public void Compare_Twice_GivesTheSameKeysAndTheSameEvidence()
    {
        static string All() => string.Join('\n', Compare([Settled(1), Settled(2) with { Amount = 5 }], [InJournal(2), InJournal(3)])
            .Select(f => $"{f.NaturalKey} {Evidence.Json(f.OnChain)} {Evidence.Json(f.OffChain)}"));
        Assert.Equal(All(), All());
    }

    private static List<Finding> Compare(ChainTrade[] chain, JournalTrade[] journal, DirectFill[]? direct = null)
        => ReconciliationRules.Compare(Sides(chain, journal, direct ?? []));

    private static RangeSides Sides(ChainTrade[] chain, JournalTrade[] journal, DirectFill[] direct)
        => new(1, 1000, chain, direct, journal.ToDictionary(t => t.TradeId), new HashSet<long>());

    private static ChainTrade Settled(long id) => new(id, 1, "0xm", 0, 100, new EventPlace(50, "0xb", $"0x{id}", 1), [Buy(id), Sell(id)]);

    private static JournalTrade InJournal(long id, string state = "final") => new(id, 1, 0, 100, state, null, 50, $"0x{id}", true, [Buy(id), Sell(id)]);

    private static FillSide Buy(long id) => new($"0xa{id}", "0xalice", 0, true, 550_000, 100);

    private static FillSide Sell(long id) => new($"0xb{id}", "0xbob", 0, false, 550_000, 100);
}
