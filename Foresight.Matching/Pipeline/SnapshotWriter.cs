using System.Buffers;
using Foresight.Matching.Leadership;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Foresight.Matching.Pipeline;

/// <summary>
/// Stores the engine now and then, so that the time of a recovery does not grow with history. The state is taken between two batches, when
/// it is exactly the journal's; it is stored beside the order flow.
/// </summary>
internal sealed partial class SnapshotWriter(NpgsqlDataSource database, Term term, int shard, long startSequence, ILogger logger)
{
    private long lastSequence = startSequence;
    private Task storing = Task.CompletedTask;

    public bool IsDue(long sequence) => sequence - lastSequence >= PipelineLimits.CommandsPerSnapshot && storing.IsCompleted;

    /// <summary>Takes the state now and stores it in the background. Everything in the engine must be committed.</summary>
    public void Begin(Desk desk)
    {
        lastSequence = desk.Sequence;
        var state = new ArrayBufferWriter<byte>();
        desk.Engine.WriteSnapshot(state);
        storing = StoreAsync(desk.Sequence, desk.StateHash, state.WrittenMemory.ToArray());
    }

    /// <summary>Ends when nothing is being stored any more.</summary>
    public Task FinishAsync() => storing;

    private async Task StoreAsync(long sequence, string stateHash, byte[] state)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var batch = new NpgsqlBatch(connection) { Timeout = 60 };
            batch.BatchCommands.Add(Fence.Assert(term));
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "INSERT INTO snapshots (shard, sequence, epoch, state_hash, state) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (shard, sequence) DO NOTHING")
            {
                Parameters =
                {
                    new() { Value = (short)shard }, new() { Value = sequence }, new() { Value = term.Epoch }, new() { Value = stateHash },
                    new() { Value = state, NpgsqlDbType = NpgsqlDbType.Bytea },
                },
            });
            batch.BatchCommands.Add(new NpgsqlBatchCommand(
                "DELETE FROM snapshots WHERE shard = $1 AND sequence NOT IN (SELECT sequence FROM snapshots WHERE shard = $1 ORDER BY sequence DESC LIMIT $2)")
            {
                Parameters = { new() { Value = (short)shard }, new() { Value = PipelineLimits.SnapshotsKept } },
            });
            await batch.ExecuteNonQueryAsync();
            Log.Stored(logger, sequence, state.Length);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            // Nothing depends on it; the next one comes after as many commands again.
            Log.NotStored(logger, sequence, error.Message);
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
