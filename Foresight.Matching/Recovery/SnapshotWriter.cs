using System.Buffers;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Sequencing;
using Npgsql;

namespace Foresight.Matching.Recovery;

/// <summary>
/// Keeps the duration of a recovery from growing with history. The state is captured between two batches, when it equals the journal's, and
/// stored beside the order flow.
/// </summary>
internal sealed partial class SnapshotWriter(IJournal journal, Term term, long startSequence, int commandsPerSnapshot, ILogger logger)
{
    private static readonly TimeSpan StoreTimeout = TimeSpan.FromSeconds(60);

    private long _lastSequence = startSequence;
    private Task _storing = Task.CompletedTask;
    private JournalTransaction? _transaction;

    public bool IsDue(long sequence) => sequence - _lastSequence >= commandsPerSnapshot && _storing.IsCompleted;

    /// <summary>
    /// Every command in the engine must be committed, or the snapshot would describe a state that the journal may never reach.
    /// </summary>
    public void Begin(Sequencer sequencer)
    {
        _lastSequence = sequencer.Sequence;
        var state = new ArrayBufferWriter<byte>();
        sequencer.Engine.WriteSnapshot(state);
        _storing = StoreAsync(new EngineSnapshot(sequencer.Sequence, sequencer.StateHash, state.WrittenMemory.ToArray()));
    }

    public Task FinishAsync() => _storing;

    /// <summary>
    /// The term must not wait for a snapshot under way: no other node can lead until the lease is released, and an unanswered store takes
    /// as long as its timeout. The store ends by itself, or with its session, which the next term terminates.
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
            // Snapshots are optional; the next one is due after the same number of commands. An abandoned one may find its connection
            // closed.
            Log.NotStored(logger, snapshot.Sequence, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Stored a snapshot at sequence {Sequence} ({Bytes} bytes).")]
        public static partial void Stored(ILogger logger, long sequence, int bytes);

        [LoggerMessage(LogLevel.Warning, "Snapshot at sequence {Sequence} could not be stored: {Reason}")]
        public static partial void NotStored(ILogger logger, long sequence, string reason);
    }
}
