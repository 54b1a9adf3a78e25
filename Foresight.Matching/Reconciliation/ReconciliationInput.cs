using System.Numerics;

namespace Foresight.Matching.Reconciliation;

// The two sides of a comparison. Both are given in the chain's units, so that nothing is rounded before it is compared.

/// <summary>One order's part of a trade. Price in micro-USDC per share, amount with 18 decimals.</summary>
/// <param name="OrderHash">0x hex, lower case.</param>
/// <param name="Maker">0x hex, lower case.</param>
public sealed record FillSide(string OrderHash, string Maker, int Outcome, bool IsBuy, BigInteger Price, BigInteger Amount);

/// <summary>Where a chain event is.</summary>
public sealed record EventPlace(long Block, string BlockHash, string TransactionHash, long LogIndex);

/// <summary><c>TradeSettled</c> with the <c>OrderFilled</c> events of the same trade id in the same transaction.</summary>
/// <param name="MarketId">Null: the event's contract is no market of ours.</param>
public sealed record ChainTrade(
    BigInteger TradeId,
    int? MarketId,
    string Market,
    int Kind,
    BigInteger Amount,
    EventPlace Place,
    IReadOnlyList<FillSide> Fills
);

/// <summary><c>OrderFilled</c> with trade id 0: somebody filled a signed order behind the relayer's back.</summary>
/// <param name="KnownOrder">The order is in our journal.</param>
public sealed record DirectFill(int? MarketId, string Market, FillSide Fill, EventPlace Place, bool KnownOrder);

/// <summary>A trade as the journal has it.</summary>
/// <param name="State">trades.settlement.</param>
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

/// <summary>Everything that both sides say about one block range. Made only after every read of it succeeded.</summary>
/// <param name="Journal">Trades that the chain settled in the range, and trades that the journal says were settled in the range.</param>
/// <param name="SettledElsewhere">Trades that the journal puts in the range and the
/// chain, asked by id, settled in another block; and where.</param>
/// <param name="Recorded">Natural keys of fills past the relayer that a repair has recorded: the journal knows them now.</param>
/// <param name="WithoutBlock">Not of a range: settled trades that name no block of the deployment.</param>
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
