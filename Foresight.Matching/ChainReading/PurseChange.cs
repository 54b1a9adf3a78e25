using Foresight.Chain;

namespace Foresight.Matching.ChainReading;

public enum PurseChangeKind
{
    Requested,

    /// <summary>A trade or a co-signature took a part of what was leaving, or all.</summary>
    Drawn,
    Cancelled,
    Finished,
}

/// <summary>A change of what is leaving the vault.</summary>
/// <param name="Market">Null: collateral.</param>
/// <param name="Units">Micro-USDC or lots that are leaving after it; of a cancel or a payment, that were.</param>
/// <param name="ReadyTime">Unix seconds; only of a request, like <paramref name="ReadyBlock"/>.</param>
public sealed record PurseChange(
    PurseChangeKind Kind,
    Address Account,
    DeployedMarket? Market,
    int Outcome,
    long Units,
    long Block,
    int LogIndex,
    Hash32 Transaction,
    long ReadyBlock = 0,
    long ReadyTime = 0
);
