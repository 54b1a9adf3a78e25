using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Operations.Details;

/// <summary>An order as its row in the journal has it.</summary>
public sealed record OrderFacts(
    string Status,
    string? Reason,
    DateTimeOffset AcceptedAt,
    DateTimeOffset UpdatedAt,
    long Epoch,
    long Sequence,
    long UpdatedSequence
);

/// <summary>A trade and the transaction that has it now, as their rows in the journal have them.</summary>
public sealed record TradeFacts(
    long TradeId,
    string Settlement,
    string? Reason,
    DateTimeOffset ExecutedAt,
    DateTimeOffset ChangedAt,
    DateTimeOffset? SettledAt,
    Hash32? TransactionHash,
    long? BlockNumber,
    long Epoch,
    long Sequence,
    BatchFacts? Batch
);

public sealed record BatchFacts(
    long Id,
    long Nonce,
    Hash32 TransactionHash,
    DateTimeOffset CreatedAt,
    DateTimeOffset? BroadcastAt,
    DateTimeOffset? MinedAt
);

/// <summary>
/// The journal keeps the present state and some times, not a list of events. Each stage is derived from what its row must hold if it was
/// reached, and a time that another stage has overwritten stays unknown instead of being guessed.
/// </summary>
public static class TimelineRules
{
    public static IEnumerable<StageView> Of(OrderFacts order)
    {
        yield return new StageView(OrderStages.Sequenced, order.AcceptedAt, Epoch: order.Epoch, Sequence: order.Sequence);
        yield return new StageView(OrderStages.Committed, At: null, Epoch: order.Epoch, Sequence: order.Sequence);
        // The words of ended orders are those of their stages; an open or partly filled one has reached none of them.
        if (OrderStages.All.Contains(order.Status))
            yield return new StageView(order.Status, order.UpdatedAt, Reason: order.Reason, Sequence: order.UpdatedSequence);
    }

    public static IEnumerable<StageView> Of(TradeFacts trade)
    {
        yield return new StageView(TradeStates.Matched, trade.ExecutedAt, trade.TradeId, Epoch: trade.Epoch, Sequence: trade.Sequence);
        if (trade.Batch is { } batch)
        {
            yield return Stage(TradeStates.Batched, batch.CreatedAt);
            if (batch.BroadcastAt is not null || trade.Settlement is not (TradeStates.Matched or TradeStates.Batched))
                yield return Stage(TradeStates.Broadcast, batch.BroadcastAt) with
                {
                    TransactionHash = batch.TransactionHash.ToString(),
                    // A paused market refused it: the trade goes back to matched once that is confirmed.
                    Reason = trade.Settlement == TradeStates.Broadcast ? trade.Reason : null,
                };
        }

        // Also without a transaction of ours: the follower found the trade in a block.
        if (trade.BlockNumber is not null)
            yield return Stage(TradeStates.Mined, trade.Settlement == TradeStates.Mined ? trade.ChangedAt : trade.Batch?.MinedAt) with
            {
                TransactionHash = trade.TransactionHash?.ToString(),
                BlockNumber = trade.BlockNumber,
            };
        if (trade.Settlement == TradeStates.Final)
            yield return Stage(TradeStates.Final, trade.SettledAt ?? trade.ChangedAt) with
            {
                BlockNumber = trade.BlockNumber,
            };
        if (trade.Settlement == TradeStates.Failed)
            yield return Stage(TradeStates.Failed, trade.ChangedAt) with
            {
                BlockNumber = trade.BlockNumber,
                Reason = trade.Reason,
            };

        StageView Stage(string name, DateTimeOffset? at) => new(name, at, trade.TradeId, trade.Batch?.Id, trade.Batch?.Nonce);
    }
}
