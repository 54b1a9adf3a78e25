using Foresight.Chain;
using Foresight.Matching.Engine;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Journal;

/// <summary>Filled on the loop's thread and read-only afterwards, so the commit needs no lock.</summary>
internal sealed class JournalBatch
{
    public List<CommandRow> Commands { get; } = [];
    public List<(AccountId Id, Address Address)> Accounts { get; } = [];

    /// <summary>With its request, because the row also keeps the signed form that settlement sends to the chain.</summary>
    public List<(LiveOrder Order, QueuedCommand Request)> NewOrders { get; } = [];

    public List<LiveOrder> ChangedOrders { get; } = [];

    public List<TradeRow> Trades { get; } = [];
    public List<FillRow> Fills { get; } = [];
    public List<BalanceRow> Balances { get; } = [];
    public Dictionary<CancelledSalt, Tombstone> Tombstones { get; } = [];

    /// <summary>The commands that did it.</summary>
    public List<Command> GrantedWithdrawals { get; } = [];

    public List<Command> EndedWithdrawals { get; } = [];

    public List<(MarketId Market, long Sequence)> ListedMarkets { get; } = [];
    public List<(MarketId Market, MarketState State, byte Winner)> ChangedMarkets { get; } = [];

    public List<(TradeId Trade, bool Settled, string? Reason)> ClosedTrades { get; } = [];

    /// <summary>Given only after the commit, because a result must survive a failover. Includes requests that were not sequenced.</summary>
    public List<(QueuedCommand Request, CommandResult Result)> Answers { get; } = [];

    /// <summary>Null if none of the answered commands is sampled, so that an unsampled batch costs nothing.</summary>
    public BatchTrace? Trace { get; set; }

    public List<DepthMessage> Depth { get; } = [];
    public List<TradesMessage> TradeMessages { get; } = [];
    public List<OrderUpdate> OrderUpdates { get; } = [];
    public List<StatsMessage> Stats { get; } = [];

    public long FirstSequence => Commands.Count == 0 ? LastSequence : Commands[0].Command.Sequence;

    public long LastSequence { get; set; }

    public DateTime AcceptedAt { get; init; }

    public NpgsqlLogSequenceNumber SeenLsn { get; init; }

    /// <summary>The next batch is looked up while this one may still be uncommitted, so its look-up consults these results too.</summary>
    public Dictionary<Guid, StoredCommand> ByRequest { get; } = [];
    public Dictionary<Hash32, OrderTerms> OrderTerms { get; } = [];
    public Dictionary<(Address, string), Hash32> IdempotencyKeys { get; } = [];

    /// <summary>Counted here because the next batch's look-up may not see these tombstones yet. Only those that met no order.</summary>
    public Dictionary<Address, int> EarlyCancels { get; } = [];

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

/// <summary>An earlier command of a request id; of another kind, it is no answer to a later one.</summary>
internal readonly record struct StoredCommand(CommandKind Kind, CommandResult Result);

internal readonly record struct CommandRow(Command Command, Guid RequestId, CommandResult Result);

internal readonly record struct TradeRow(
    TradeId Id,
    MarketId Market,
    TradeKind Kind,
    long Lots,
    byte TakerOutcome,
    bool TakerIsBuy,
    int TakerPriceTicks,
    long Sequence,
    bool Firm
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
    bool IsTaker,
    Purse Purse
);

internal readonly record struct BalanceRow(
    AccountId Account,
    MarketId Market,
    byte Outcome,
    Purse Purse,
    Holding Holding,
    long ObservedBlock
);

/// <param name="Lsn">A caller who names this WAL position is served only by a replica that has replayed it, and so shows the batch.</param>
internal sealed record Committed(NpgsqlLogSequenceNumber Lsn, IReadOnlyList<ClosedFill> ClosedFills);

internal abstract record JournalStep
{
    /// <summary>True if an error in this step rolls the transaction back, so that certainly nothing of it is committed.</summary>
    public virtual bool IsBeforeCommit => true;

    /// <summary>
    /// Locks the term's row as well, so that the term cannot end before the transaction does. Fails the transaction if it has ended
    /// already.
    /// </summary>
    /// <param name="After">
    /// Sequence at which the journal must end, or the transaction fails. A replica promoted before it received the last batches still names
    /// this term, and a batch must not be written without those before it. Null: no such check.
    /// </param>
    public sealed record AssertTerm(Term Term, long? After = null) : JournalStep;

    public sealed record WriteRows(JournalBatch Rows, long Epoch) : JournalStep;

    public sealed record StoreSnapshot(EngineSnapshot Snapshot, long Epoch) : JournalStep;

    /// <summary>A command that failed is no part of the journal, so that a replay need not know which commands to leave out.</summary>
    public sealed record StoreFailure(FailedCommand Failed, long Epoch) : JournalStep;

    /// <summary>
    /// The steps after it run outside the transaction and read committed state, so an error in one of them undoes nothing.
    /// </summary>
    public sealed record Commit : JournalStep;

    public sealed record ReadBack(JournalBatch Rows) : JournalStep
    {
        public override bool IsBeforeCommit => false;
    }
}

internal sealed class JournalTransaction(params IReadOnlyList<JournalStep> steps)
{
    public IReadOnlyList<JournalStep> Steps => steps;

    /// <summary>Set for a snapshot, which may take longer than a round trip. Null: the limit of a round trip, as for all commits.</summary>
    public TimeSpan? Timeout { get; init; }

    private const int Waiting = 0;
    private const int IsSent = 1;
    private const int IsGivenUp = 2;

    private int _state;

    /// <summary>
    /// From here on the outcome may be unknown, so call it only once a connection is available. False if the transaction was abandoned
    /// before, and then it must not be sent.
    /// </summary>
    public bool TrySend() => Interlocked.CompareExchange(ref _state, IsSent, Waiting) == Waiting;

    /// <summary>
    /// True if the transaction was not sent and never will be, so it has certainly no effect. Needed because the wait for a connection can
    /// outlast the wait for the answer.
    /// </summary>
    public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, IsGivenUp, Waiting) != IsSent;

    /// <summary>Null if no step was rejected with an ERROR, or if the server did not identify it: the outcome is then in doubt.</summary>
    public JournalStep? FailedStep { get; set; }
}

/// <summary>
/// Separates failures that are certain, after which nothing was done, from those in doubt, whose outcome only the next term can read.
/// </summary>
internal static class JournalCommit
{
    /// <summary>
    /// A deadlock (with settlement's updates of the same trades) rolls the transaction back for certain and is transient, so the commit is
    /// retried once.
    /// </summary>
    /// <exception cref="PostgresException">The batch is certainly not committed; a refusal by the fence is one of these.</exception>
    /// <exception cref="InDoubtException">The batch may or may not be committed.</exception>
    public static async Task<Committed> CommitAsync(this IJournal journal, Term term, JournalBatch rows)
    {
        try
        {
            return await CommitOnceAsync(journal, term, rows);
        }
        catch (PostgresException error)
            when (error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            return await CommitOnceAsync(journal, term, rows);
        }
    }

    private static async Task<Committed> CommitOnceAsync(IJournal journal, Term term, JournalBatch rows)
    {
        var transaction = new JournalTransaction(
            new JournalStep.AssertTerm(term, After: rows.Commands.Count == 0 ? null : rows.FirstSequence - 1),
            new JournalStep.WriteRows(rows, term.Epoch),
            new JournalStep.Commit(),
            new JournalStep.ReadBack(rows)
        );
        try
        {
            return await journal.ExecuteAsync(transaction);
        }
        catch (PostgresException) when (IsCertain(transaction))
        {
            throw;
        }
        catch (Exception error)
            when (!transaction.TryGiveUp() && error is NpgsqlException or TimeoutException or OperationCanceledException or IOException)
        {
            throw new InDoubtException(error);
        }
    }

    /// <summary>
    /// Without a connection nothing was sent, and an ERROR in one of the transaction's own steps rolled it back. A FATAL (the session was
    /// terminated) may have come after the commit, and so may an error of a step that reads after it.
    /// </summary>
    private static bool IsCertain(JournalTransaction transaction) =>
        transaction.TryGiveUp() || transaction.FailedStep is { IsBeforeCommit: true };
}
