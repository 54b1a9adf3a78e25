using System.Buffers;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Sequencing;
using Npgsql;

namespace Foresight.Matching.Recovery;

/// <summary>
/// Stores the engine now and then, so that the time of a recovery does not grow with history. The state is taken between two batches, when
/// it is exactly the journal's; it is stored beside the order flow.
/// </summary>
internal sealed partial class SnapshotWriter(IJournal journal, Term term, long startSequence, int commandsPerSnapshot, ILogger logger)
{
    private static readonly TimeSpan StoreTimeout = TimeSpan.FromSeconds(60);

    private long _lastSequence = startSequence;
    private Task _storing = Task.CompletedTask;
    private JournalTransaction? _transaction;

    public bool IsDue(long sequence) => sequence - _lastSequence >= commandsPerSnapshot && _storing.IsCompleted;

    /// <summary>Takes the state now and stores it in the background. Everything in the engine must be committed.</summary>
    public void Begin(Sequencer sequencer)
    {
        _lastSequence = sequencer.Sequence;
        var state = new ArrayBufferWriter<byte>();
        sequencer.Engine.WriteSnapshot(state);
        _storing = StoreAsync(new EngineSnapshot(sequencer.Sequence, sequencer.StateHash, state.WrittenMemory.ToArray()));
    }

    /// <summary>Ends when nothing is being stored any more.</summary>
    public Task FinishAsync() => _storing;

    /// <summary>
    /// The term ends, and must not wait for this: until it has given its lease back nobody else can lead, and a server that does not
    /// answer is waited for as long as a snapshot may take. What is under way ends by itself, or with its session, which the next term
    /// ends.
    /// </summary>
    public void LeaveBehind() => _transaction?.TryGiveUp();

    private async Task StoreAsync(EngineSnapshot snapshot)
    {
        _transaction = new JournalTransaction(
            new JournalStep.AssertTerm(term),
            new JournalStep.StoreSnapshot(snapshot, term.Epoch),
            new JournalStep.Commit()
        )
        {
            Timeout = StoreTimeout,
        };
        try
        {
            await journal.ExecuteAsync(_transaction);
            Log.Stored(logger, snapshot.Sequence, snapshot.State.Length);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or ObjectDisposedException)
        {
            // Nothing depends on it; the next one comes after as many commands again. Left behind, it may find its connections closed.
            Log.NotStored(logger, snapshot.Sequence, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Stored a snapshot at {Sequence}, {Bytes} bytes.")]
        public static partial void Stored(ILogger logger, long sequence, int bytes);

        [LoggerMessage(LogLevel.Warning, "The snapshot at {Sequence} was not stored: {Reason}")]
        public static partial void NotStored(ILogger logger, long sequence, string reason);
    }
}
