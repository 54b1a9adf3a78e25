using System.Numerics;

namespace Foresight.Matching.Reconciliation;

// Both sides of a comparison are in the chain's units, so that nothing is rounded before it is compared.

/// <summary>Price in micro-USDC per share, amount with 18 decimals.</summary>
/// <param name="OrderHash">0x hex, lower case.</param>
/// <param name="Maker">0x hex, lower case.</param>
public sealed record FillSide(string OrderHash, string Maker, int Outcome, bool IsBuy, BigInteger Price, BigInteger Amount);

public sealed record EventPlace(long Block, string BlockHash, string TransactionHash, long LogIndex);

/// <param name="MarketId">Null if the event's contract is not a known market, so that no repair is possible.</param>
public sealed record ChainTrade(
    BigInteger TradeId,
    int? MarketId,
    string Market,
    int Kind,
    BigInteger Amount,
    EventPlace Place,
    IReadOnlyList<FillSide> Fills
);

public sealed record DirectFill(int? MarketId, string Market, FillSide Fill, EventPlace Place, bool KnownOrder);

public sealed record JournalTrade(
    long TradeId,
    int MarketId,
    int Kind,
    BigInteger Amount,
    string State,
    string? Reason,
    long? Block,
    string? TransactionHash,
    bool Closed,
    IReadOnlyList<FillSide> Fills
);

/// <summary>Created only after every read succeeded, so that a failed one cannot look like a missing trade.</summary>
/// <param name="Journal">Trades that the chain settled in the range, and trades settled in the range by the journal.</param>
/// <param name="SettledElsewhere">
/// Trades that the journal puts in the range although the chain, queried by id, settled them in another block; with that block.
/// </param>
/// <param name="Recorded">Natural keys of direct fills that a repair has recorded in the journal.</param>
/// <param name="WithoutBlock">Settled trades that name no block of the deployment; they belong to no range.</param>
public sealed record ReconciliationInput(
    long FromBlock,
    long ToBlock,
    IReadOnlyList<ChainTrade> Chain,
    IReadOnlyList<DirectFill> DirectFills,
    IReadOnlyDictionary<long, JournalTrade> Journal,
    IReadOnlyDictionary<long, EventPlace?> SettledElsewhere,
    IReadOnlySet<string> Recorded,
    bool WithoutBlock = false
);
