using System.Numerics;
using Foresight.Matching.Settlement;
using Foresight.Protocol;

namespace Foresight.Matching.Reconciliation;

/// <summary>
/// What makes the journal say what the chain says about one discrepancy. Only two kinds have one: the chain's word about a fate or about a
/// fill that nobody here knew can be taken over; an amount, or a trade that the chain does not have, is a question for a person.
/// </summary>
/// <param name="Amount">Micro-USDC at stake.</param>
public abstract record Repair(string NaturalKey, string Kind, BigInteger Amount)
{
    /// <summary>What the journal says before and after it, as JSON shows it. The same in a dry run and in a real one.</summary>
    public abstract object Before { get; }

    public abstract object After { get; }
}

/// <summary>The chain settled the trade, there: the engine is told, and the trade's row says so.</summary>
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
/// A fill that the journal has no trade for: it is recorded, and what rests of its orders is reduced to what the chain can still fill.
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

/// <param name="Refusal">Why it is not made; null: it is.</param>
public sealed record PlannedRepair(Repair Repair, string? Refusal);

/// <summary>Which repairs may be made without a person, and what they say. Pure.</summary>
public static class RepairRules
{
    /// <summary>Repairs of one run; the next run makes more.</summary>
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

    /// <summary>Null: it may be made.</summary>
    /// <param name="limit">Micro-USDC over which two people decide; null: no limit.</param>
    /// <param name="isDecided">A person has resolved or ignored it.</param>
    public static string? Refusal(Repair repair, BigInteger? limit, bool isDecided)
    {
        if (isDecided)
            return "A person has decided about it.";
        return limit is { } most && repair.Amount > most ? "It is worth more than one may decide alone." : null;
    }

    /// <summary>
    /// A trade whose amounts differ as well keeps its status: settling it in the
    /// engine would move the journal's amounts, which are in doubt.
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
