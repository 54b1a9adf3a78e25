using Foresight.Chain;

namespace Foresight.Api.Operations.Details;

internal class TradeFactsRow
{
    public const string Columns = """
        t.trade_id, t.settlement, t.settlement_reason, t.executed_at, t.settlement_changed_at, t.settled_at, t.tx_hash, t.block_number,
        t.epoch, t.sequence, b.batch_id, b.nonce, b.tx_hash AS batch_tx_hash, b.created_at, b.broadcast_at, b.mined_at
        """;

    public long TradeId { get; init; }
    public string Settlement { get; init; } = "";
    public string? SettlementReason { get; init; }
    public DateTime ExecutedAt { get; init; }
    public DateTime SettlementChangedAt { get; init; }
    public DateTime? SettledAt { get; init; }
    public byte[]? TxHash { get; init; }
    public long? BlockNumber { get; init; }
    public long Epoch { get; init; }
    public long Sequence { get; init; }
    public long? BatchId { get; init; }
    public long? Nonce { get; init; }
    public byte[]? BatchTxHash { get; init; }
    public DateTime? CreatedAt { get; init; }
    public DateTime? BroadcastAt { get; init; }
    public DateTime? MinedAt { get; init; }

    public TradeFacts Facts() =>
        new(
            TradeId,
            Settlement,
            SettlementReason,
            ExecutedAt,
            SettlementChangedAt,
            SettledAt,
            TxHash is null ? null : new Hash32(TxHash),
            BlockNumber,
            Epoch,
            Sequence,
            BatchId is { } id ? new BatchFacts(id, Nonce!.Value, new Hash32(BatchTxHash!), CreatedAt!.Value, BroadcastAt, MinedAt) : null
        );
}

internal sealed class FateRow : TradeFactsRow
{
    public short SettlementAttempts { get; init; }
    public bool Closed { get; init; }
}
