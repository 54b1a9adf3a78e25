using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>
/// The effects of one batch of commands: the rows of its single transaction, the answers to give once it has committed, and the messages to
/// publish after that. Filled by <c>BatchBuilder</c> on the loop's thread and read-only afterwards, so the commit needs no lock.
/// </summary>
internal sealed class JournalBatch
{
    public List<CommandRow> Commands { get; } = [];
    public List<(AccountId Id, Address Address)> Accounts { get; } = [];
    public List<NewOrderRow> NewOrders { get; } = [];

    public List<LiveOrder> ChangedOrders { get; } = [];

    public List<TradeRow> Trades { get; } = [];
    public List<FillRow> Fills { get; } = [];
    public List<BalanceRow> Balances { get; } = [];
    public List<(MarketId Market, long Sequence)> ListedMarkets { get; } = [];
    public List<(MarketId Market, MarketState State, byte Winner)> ChangedMarkets { get; } = [];

    public List<(TradeId Trade, bool Settled, string? Reason)> ClosedTrades { get; } = [];

    /// <summary>Results of all requests, sequenced or not. Given only after the commit, because a result must survive a failover.</summary>
    public List<(QueuedCommand Request, CommandResult Result)> Answers { get; } = [];

    /// <summary>Null if none of the answered commands is sampled, so that an unsampled batch costs nothing.</summary>
    public BatchTrace? Trace { get; set; }

    public List<DepthMessage> Depth { get; } = [];
    public List<TradesMessage> TradeMessages { get; } = [];
    public List<OrderUpdate> OrderUpdates { get; } = [];
    public List<StatsMessage> Stats { get; } = [];

    public long LastSequence { get; set; }

    public DateTime AcceptedAt { get; init; }

    public NpgsqlLogSequenceNumber SeenLsn { get; init; }

    /// <summary>
    /// Results of this batch by request id and order. The next batch is looked up while this one may still be uncommitted, so its look-up
    /// consults these too.
    /// </summary>
    public Dictionary<Guid, CommandResult> ByRequest { get; } = [];
    public Dictionary<Hash32, Guid> OrderHashes { get; } = [];
    public Dictionary<(Address, string), Hash32> IdempotencyKeys { get; } = [];

    public bool HasPublications =>
        Depth.Count
            + TradeMessages.Count
            + OrderUpdates.Count
            + Stats.Count
            + ClosedTrades.Count
            + ListedMarkets.Count
            + ChangedMarkets.Count
        > 0;
}

internal readonly record struct CommandRow(Command Command, Guid RequestId, CommandResult Result);

internal readonly record struct NewOrderRow(LiveOrder Order, QueuedCommand Request, long Sequence);

internal readonly record struct TradeRow(
    TradeId Id,
    MarketId Market,
    TradeKind Kind,
    long Lots,
    byte TakerOutcome,
    bool TakerIsBuy,
    int TakerPriceTicks,
    long Sequence
);

internal readonly record struct FillRow(
    TradeId Trade,
    byte Leg,
    OrderId Order,
    AccountId Account,
    byte Outcome,
    bool IsBuy,
    int PriceTicks,
    long Lots,
    bool IsTaker
);

internal readonly record struct BalanceRow(AccountId Account, MarketId Market, byte Outcome, Holding Holding, long ObservedBlock);
