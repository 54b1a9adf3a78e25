using Foresight.Chain;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

internal sealed class RunRow
{
    public long RunId { get; init; }
    public string Trigger { get; init; } = "";
    public string State { get; init; } = "";
    public DateTime StartedAt { get; init; }
    public DateTime? FinishedAt { get; init; }
    public long FromBlock { get; init; }
    public long ToBlock { get; init; }
    public long TradesCompared { get; init; }
    public int Found { get; init; }
    public int New { get; init; }
    public string? Error { get; init; }
    public string NodeId { get; init; } = "";
    public bool DryRun { get; init; }
    public int Repaired { get; init; }
    public string? RequestedBy { get; init; }
    public string? RequestedKey { get; init; }
    public string? Note { get; init; }
    public string? Reason { get; init; }

    public RunView View() =>
        new(
            RunId,
            Trigger,
            State,
            StartedAt,
            FinishedAt,
            FromBlock,
            ToBlock,
            TradesCompared,
            Found,
            New,
            Error,
            NodeId,
            DryRun,
            Repaired,
            RequestedBy,
            RequestedKey,
            Note,
            Reason
        );
}

internal sealed class CoverageRow
{
    public long FromBlock { get; init; }
    public long ToBlock { get; init; }
    public string State { get; init; } = "";
    public long RunId { get; init; }
    public DateTime At { get; init; }
    public string? Error { get; init; }

    public CoverageView View() => new(FromBlock, ToBlock, State, RunId, At, Error);
}

internal sealed class DiscrepancyRow
{
    public long DiscrepancyId { get; init; }
    public string NaturalKey { get; init; } = "";
    public string Kind { get; init; } = "";
    public string Severity { get; init; } = "";
    public string State { get; init; } = "";
    public int? MarketId { get; init; }
    public long? TradeId { get; init; }
    public byte[]? TxHash { get; init; }
    public long? BlockNumber { get; init; }
    public string Summary { get; init; } = "";
    public string? OnChain { get; init; }
    public string? OffChain { get; init; }
    public DateTime FirstSeenAt { get; init; }
    public DateTime LastSeenAt { get; init; }
    public string? Note { get; init; }
    public string? ChangedBy { get; init; }
    public DateTime? ChangedAt { get; init; }
    public long? Amount { get; init; }
    public string? Assignee { get; init; }
    public DateTime? IgnoredUntil { get; init; }
    public DateTime? AbsentSince { get; init; }
    public string? Proof { get; init; }
    public string? SecondAction { get; init; }
    public string? SecondBy { get; init; }
    public string? SecondKey { get; init; }
    public DateTime? SecondAt { get; init; }

    public DiscrepancyView View() =>
        new(
            DiscrepancyId,
            NaturalKey,
            Kind,
            Severity,
            State,
            MarketId,
            TradeId,
            TxHash is null ? null : new Hash32(TxHash).ToString(),
            BlockNumber,
            Summary,
            OnChain,
            OffChain,
            FirstSeenAt,
            LastSeenAt,
            Note,
            ChangedBy,
            ChangedAt,
            Amount is { } amount ? Decimals.Usdc(amount) : null,
            Assignee,
            IgnoredUntil,
            AbsentSince,
            Proof,
            SecondAction is null ? null : new SecondView(SecondAction, SecondBy!, SecondKey!, SecondAt!.Value)
        );
}

internal sealed class AuditRow
{
    public long AuditId { get; init; }
    public DateTime At { get; init; }
    public string Actor { get; init; } = "";
    public string Action { get; init; } = "";
    public string FromState { get; init; } = "";
    public string ToState { get; init; } = "";
    public string? Note { get; init; }
    public string? KeyName { get; init; }
    public Guid? BatchId { get; init; }
    public string? Before { get; init; }
    public string? After { get; init; }

    public DiscrepancyAuditView View() => new(AuditId, At, Actor, Action, FromState, ToState, Note, KeyName, BatchId, Before, After);
}

internal sealed class RepairRow
{
    public long RepairId { get; init; }
    public long RunId { get; init; }
    public long? DiscrepancyId { get; init; }
    public string NaturalKey { get; init; } = "";
    public string Kind { get; init; } = "";
    public string State { get; init; } = "";
    public string Before { get; init; } = "";
    public string After { get; init; } = "";
    public string? Reason { get; init; }
    public DateTime At { get; init; }

    public RepairView View() => new(RepairId, RunId, DiscrepancyId, NaturalKey, Kind, State, Before, After, Reason, At);
}
