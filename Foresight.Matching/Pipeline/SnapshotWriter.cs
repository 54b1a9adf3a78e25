using System.Buffers;
using Foresight.Matching.Leadership;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Foresight.Matching.Pipeline;

/// <summary>
/// Stores the engine now and then, so that the time of a recovery does not grow with history. The state is taken between two batches, when
/// it is exactly the journal's; it is stored beside the order flow.
/// </summary>
internal sealed partial class SnapshotWriter(IJournal journal, Term term, long startSequence, int commandsPerSnapshot, ILogger logger)
{
    private static readonly TimeSpan StoreTimeout = TimeSpan.FromSeconds(60);

    private long lastSequence = startSequence;
    private Task storing = Task.CompletedTask;

    public bool IsDue(long sequence) => sequence - lastSequence >= commandsPerSnapshot && storing.IsCompleted;

    /// <summary>Takes the state now and stores it in the background. Everything in the engine must be committed.</summary>
    public void Begin(Desk desk)
    {
        lastSequence = desk.Sequence;
        var state = new ArrayBufferWriter<byte>();
        desk.Engine.WriteSnapshot(state);
        storing = StoreAsync(new EngineSnapshot(desk.Sequence, desk.StateHash, state.WrittenMemory.ToArray()));
    }

    /// <summary>Ends when nothing is being stored any more.</summary>
    public Task FinishAsync() => storing;

    private async Task StoreAsync(EngineSnapshot snapshot)
    {
        try
        {
            var steps = new JournalTransaction(new JournalStep.AssertTerm(term), new JournalStep.StoreSnapshot(snapshot, term.Epoch), new JournalStep.Commit())
            {
                Timeout = StoreTimeout,
            };
            await journal.ExecuteAsync(steps);
            Log.Stored(logger, snapshot.Sequence, snapshot.State.Length);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            // Nothing depends on it; the next one comes after as many commands again.
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
