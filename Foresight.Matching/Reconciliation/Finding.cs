using System.Numerics;

namespace Foresight.Matching.Reconciliation;

/// <summary>One disagreement between the chain and the journal.</summary>
/// <param name="NaturalKey">The same disagreement has the same key in every run, on
/// every node: this is what makes duplicates impossible.</param>
/// <param name="OnChain">Evidence, serialised as JSON; must not hold anything that changes from run to run.</param>
public sealed record Finding(
    string NaturalKey,
    string Kind,
    string Severity,
    int? MarketId,
    long? TradeId,
    string? TransactionHash,
    long? BlockNumber,
    string Summary,
    object? OnChain,
    object? OffChain
)
{
    /// <summary>Micro-USDC at stake.</summary>
    public BigInteger? Amount { get; init; }

    /// <summary>Null: no automatic repair may touch it.</summary>
    public Repair? Repair { get; init; }

    /// <summary>The fill past the relayer that it is about; null: it is about something else.</summary>
    public DirectFill? Direct { get; init; }

    /// <summary>Hashes of the orders whose signed form belongs to the evidence.</summary>
    public IReadOnlyList<string> Orders { get; init; } = [];

    /// <summary>The log that shows it, in its block; null: the chain has none.</summary>
    public EventPlace? Place { get; init; }
}
