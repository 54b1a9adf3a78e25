namespace Foresight.Protocol;

/// <summary>
/// Values of <c>sort</c> in <c>GET /trades</c>: what an index answers page by page, however many trades there are. A minus before the name
/// is descending.
/// </summary>
public static class TradeSorts
{
    /// <summary>The list's own order: newest first within a shard, shard after shard.</summary>
    public const string NewestTrade = "-tradeId";

    public const string OldestTrade = "tradeId";

    /// <summary>Over all shards.</summary>
    public const string NewestTime = "-executedAt";

    public const string OldestTime = "executedAt";

    /// <summary>Market after market, the newest trade of each first.</summary>
    public const string FirstMarket = "marketId";

    /// <summary>The exact reverse of <see cref="FirstMarket"/>.</summary>
    public const string LastMarket = "-marketId";

    /// <summary>Only of trades that are in a block, like <see cref="OldestBlock"/>.</summary>
    public const string NewestBlock = "-blockNumber";

    public const string OldestBlock = "blockNumber";

    public static readonly IReadOnlyList<string> All =
    [
        NewestTrade,
        OldestTrade,
        NewestTime,
        OldestTime,
        FirstMarket,
        LastMarket,
        NewestBlock,
        OldestBlock,
    ];
}

/// <summary>
/// Of lists whose pages follow each other by cursor in their own order; in any other the newest <see cref="Rows"/> that match are sorted,
/// and a page is found by its offset.
/// </summary>
public static class SortedLists
{
    public const int Rows = 10_000;
}

/// <summary>Values of <c>sort</c> in <c>GET /admin/settlement/batches</c>. A minus before the name is descending.</summary>
public static class BatchSorts
{
    /// <summary>The list's own order.</summary>
    public const string Newest = "-id";

    /// <summary>From the first time that it was sent to its block.</summary>
    public const string Took = "took";

    /// <summary>Otherwise names as in <see cref="BatchView"/>; states in the order of a transaction's life.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "id",
        "state",
        "nonce",
        "marketId",
        "trades",
        "blockNumber",
        "gasUsed",
        "maxFeeWei",
        "createdAt",
        Took,
    ];
}

/// <summary>Values of <c>sort</c> in <c>GET /admin/failed-commands</c>. A minus before the name is descending.</summary>
public static class FailedCommandSorts
{
    /// <summary>The list's own order.</summary>
    public const string Newest = "-failedAt";

    /// <summary>Names as in <see cref="FailedCommandView"/>; reasons by their first line.</summary>
    public static readonly IReadOnlyList<string> Names = ["failedAt", "kind", "reason", "shard", "epoch", "quarantinedUntil"];
}

/// <summary>Values of <c>sort</c> in <c>GET /admin/withdrawals</c>. A minus before the name is descending.</summary>
public static class WithdrawalSorts
{
    /// <summary>The list's own order of those that are open.</summary>
    public const string Soonest = "deadline";

    /// <summary>The list's own order of those that have ended.</summary>
    public const string Latest = "-deadline";

    /// <summary>Names as in <see cref="VaultWithdrawalView"/>; states in the order of <see cref="WithdrawalStates.All"/>.</summary>
    public static readonly IReadOnlyList<string> Names = ["deadline", "since", "account", "asset", "kind", "state", "unsettledFirmTrades"];
}

/// <summary>Values of <c>sort</c> in <c>GET /reconciliation/discrepancies</c>. A minus before the name is descending.</summary>
public static class DiscrepancySorts
{
    /// <summary>The list's own order, the only one whose pages have a cursor.</summary>
    public const string Newest = "-id";

    /// <summary>Those that wait for a decision first, the worst of them before the others, then the last seen.</summary>
    public const string Urgency = "urgency";

    /// <summary>Names as in <see cref="DiscrepancyView"/>; severities by weight, states by what is left to do.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "id",
        Urgency,
        "state",
        "severity",
        "kind",
        "assignee",
        "amount",
        "marketId",
        "firstSeenAt",
        "lastSeenAt",
    ];
}
