using Foresight.Matching.Leadership;

namespace Foresight.Matching.Journal;

/// <summary>A step of a transaction of the journal.</summary>
internal abstract record JournalStep
{
    /// <summary>An error in it undoes the transaction.</summary>
    public virtual bool IsBeforeCommit => true;

    /// <summary>The fence. Fails the transaction if the term has ended, and keeps it from ending before the transaction does.</summary>
    /// <param name="After">
    /// Fails it as well if the journal does not end at this sequence: a promoted replica that had not received the last batches still names
    /// this term, and what follows them must not be written without them. Null: the place does not matter.
    /// </param>
    public sealed record AssertTerm(Term Term, long? After = null) : JournalStep;

    public sealed record WriteRows(JournalBatch Rows, long Epoch) : JournalStep;

    /// <summary>Stores a snapshot and drops those that are too many.</summary>
    public sealed record StoreSnapshot(EngineSnapshot Snapshot, long Epoch) : JournalStep;

    /// <summary>
    /// Writes that a command failed, and drops what was written of others long ago. Nothing of what the command says is done by it.
    /// </summary>
    public sealed record StoreFailure(FailedCommand Failed, long Epoch) : JournalStep;

    /// <summary>Ends the transaction. What comes after it is read from what everybody sees.</summary>
    public sealed record Commit : JournalStep;

    /// <summary>The log's position, and the owners of the trades that the rows closed.</summary>
    public sealed record ReadBack(JournalBatch Rows) : JournalStep
    {
        public override bool IsBeforeCommit => false;
    }
}

/// <summary>Steps that go to the journal in this order, in one round trip.</summary>
internal sealed class JournalTransaction(params IReadOnlyList<JournalStep> steps)
{
    public IReadOnlyList<JournalStep> Steps => steps;

    /// <summary>How long the answer is waited for; null: as long as for any command of a term's sessions.</summary>
    public TimeSpan? Timeout { get; init; }

    private const int Waiting = 0;
    private const int IsSent = 1;
    private const int IsGivenUp = 2;

    private int _state;

    /// <summary>
    /// There is a connection: from here on the journal may have it. False if it was given up before, and must not be sent any more.
    /// </summary>
    public bool TrySend() => Interlocked.CompareExchange(ref _state, IsSent, Waiting) == Waiting;

    /// <summary>
    /// True if it was not sent, and never will be: a wait for a connection may end after the wait for the whole was given up.
    /// </summary>
    public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, IsGivenUp, Waiting) != IsSent;

    /// <summary>The step in which the server refused it with an ERROR; null if it did not, or did not tell.</summary>
    public JournalStep? FailedStep { get; set; }
}

/// <summary>An engine's state as it was between two commands.</summary>
internal sealed record EngineSnapshot(long Sequence, string StateHash, byte[] State);

/// <summary>What is kept of a command that failed.</summary>
/// <param name="Command">As it came, in JSON.</param>
/// <param name="Until">By the database's clock: up to then no leader tries it again.</param>
internal sealed record FailedCommand(Guid RequestId, string Command, string Reason, DateTime Until);
