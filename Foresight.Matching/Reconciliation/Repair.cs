using System.Numerics;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// Only two kinds of discrepancy have a repair, because only a trade's final state, and a fill unknown to the journal, can be taken over
/// from the chain. A wrong amount, or a trade that the chain does not have, requires an operator.
/// </summary>
/// <param name="Amount">Amount at stake in micro-USDC.</param>
public abstract record Repair(string NaturalKey, string Kind, BigInteger Amount)
{
    /// <summary>The same in a dry run and in a real one, so that what an operator reviews is what is made. Written as JSON.</summary>
    public abstract object Before { get; }

    public abstract object After { get; }
}

public sealed record TradeRepair(string NaturalKey, JournalTrade Journal, EventPlace Place, BigInteger Amount)
    : Repair(NaturalKey, DiscrepancyKinds.StatusMismatch, Amount)
{
    public override object Before => RepairRules.View(Journal);

    public override object After =>
        RepairRules.View(
            Journal with
            {
                State = TradeStates.Final,
                Reason = null,
                TransactionHash = Place.TransactionHash,
                Block = Place.Block,
                Closed = true,
            }
        );
}

/// <summary>
/// Invents no trade, because a trade is the consequence of a command: the fill is recorded, and the resting parts of its orders are reduced
/// to what the chain can still fill.
/// </summary>
public sealed record FillRepair(string NaturalKey, int MarketId, IReadOnlyList<FillSide> Fills, EventPlace Place, BigInteger Amount)
    : Repair(NaturalKey, DiscrepancyKinds.MissingOffChain, Amount)
{
    public override object Before => new { recorded = false };

    public override object After =>
        new
        {
            recorded = true,
            marketId = MarketId,
            transactionHash = Place.TransactionHash,
            logIndex = Place.LogIndex,
            blockNumber = Place.Block,
            fills = Evidence.Fills(Fills),
        };
}

public sealed record PlannedRepair(Repair Repair, string? Refusal);

public static class RepairRules
{
    /// <summary>Bounds one run; the next one makes the rest.</summary>
    public const int MaxRepairs = 1_000;

    public static object View(JournalTrade trade) =>
        new
        {
            tradeId = trade.TradeId,
            settlement = trade.State,
            reason = trade.Reason,
            transactionHash = trade.TransactionHash,
            blockNumber = trade.Block,
            closed = trade.Closed,
        };

    /// <param name="limit">Amount in micro-USDC above which two operators decide; null: no limit.</param>
    public static string? Refusal(Repair repair, BigInteger? limit, bool isDecided)
    {
        if (isDecided)
            return "A person has decided about it.";
        return limit is { } most && repair.Amount > most ? "It is worth more than one may decide alone." : null;
    }

    /// <summary>
    /// A trade whose amounts also differ keeps its state: settling it in the engine would move the journal's amounts, which are the ones in
    /// question.
    /// </summary>
    public static IReadOnlyList<Repair> Select(IReadOnlyList<Finding> findings)
    {
        var doubtful = findings.Where(f => f.Kind == DiscrepancyKinds.AmountMismatch).Select(f => f.TradeId).ToHashSet();
        return
        [
            .. findings
                .Where(f => f.Repair is not null && !(f.TradeId is { } id && doubtful.Contains(id)))
                .Select(f => f.Repair!)
                .DistinctBy(r => r.NaturalKey)
                .OrderBy(r => r.NaturalKey, StringComparer.Ordinal)
                .Take(MaxRepairs),
        ];
    }
}
