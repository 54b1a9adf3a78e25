using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>
/// What one batch of commands did: the rows of its one transaction, the answers that are given when it is committed, and what is published
/// after that. Filled by <c>BatchBuilder</c> on the loop's thread, then only read.
/// </summary>
internal sealed class JournalBatch
{
    public List<CommandRow> Commands { get; } = [];
    public List<(AccountId Id, Address Address)> Accounts { get; } = [];
    public List<NewOrderRow> NewOrders { get; } = [];

    /// <summary>Orders of earlier batches as this one left them.</summary>
    public List<LiveOrder> ChangedOrders { get; } = [];

    public List<TradeRow> Trades { get; } = [];
    public List<FillRow> Fills { get; } = [];
    public List<BalanceRow> Balances { get; } = [];
    public List<(MarketId Market, long Sequence)> ListedMarkets { get; } = [];
    public List<(MarketId Market, MarketState State, byte Winner)> ChangedMarkets { get; } = [];

    /// <summary>With why, for those that were bust.</summary>
    public List<(TradeId Trade, bool Settled, string? Reason)> ClosedTrades { get; } = [];

    /// <summary>Answers of commands, sequenced or not; given after the commit.</summary>
    public List<(QueuedCommand Request, CommandResult Result)> Answers { get; } = [];

    /// <summary>Null if none of the answered commands is sampled.</summary>
    public BatchTrace? Trace { get; set; }

    public List<DepthMessage> Depth { get; } = [];
    public List<TradesMessage> TradeMessages { get; } = [];
    public List<OrderUpdate> OrderUpdates { get; } = [];
    public List<StatsMessage> Stats { get; } = [];

    /// <summary>Last sequence of the engine after this batch.</summary>
    public long LastSequence { get; set; }

    public DateTime AcceptedAt { get; init; }

    /// <summary>Position of the log that covers whatever the look-up before this batch has seen.</summary>
    public NpgsqlLogSequenceNumber SeenLsn { get; init; }

    /// <summary>Requests and orders of this batch, for the look-ups of the next one, which may not find them in the tables yet.</summary>
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

/// <param name="Order">As the batch left it.</param>
/// <param name="Sequence">The command that placed it.</param>
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

/// <param name="ObservedBlock">0: not observed in this batch.</param>
internal readonly record struct BalanceRow(AccountId Account, MarketId Market, byte Outcome, Holding Holding, long ObservedBlock);
