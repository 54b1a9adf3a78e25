using System.Numerics;

namespace Foresight.Matching.Reconciliation;

/// <param name="NaturalKey">The same in every run and on every node for the same disagreement, which makes duplicates impossible.</param>
/// <param name="OnChain">
/// Evidence, stored as JSON. Must not contain anything that changes from run to run, or each run would see new evidence.
/// </param>
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
    /// <summary>In micro-USDC. Above the four-eyes limit two operators must decide.</summary>
    public BigInteger? Amount { get; init; }

    /// <summary>Null if only an operator may decide.</summary>
    public Repair? Repair { get; init; }

    public DirectFill? Direct { get; init; }

    public IReadOnlyList<string> Orders { get; init; } = [];

    public EventPlace? Place { get; init; }
}
