using System.Buffers;
using Foresight.Matching.Engine;
using Foresight.Matching.Invariants;
using Foresight.Matching.Sequencing;

namespace Foresight.Matching.Tests.Nodes;

internal static class JournalChecks
{
    public static async Task AssertSoundAsync(TestCluster cluster)
    {
        var checker = new InvariantChecker(cluster.Database);
        await checker.CheckAsync(CancellationToken.None);
        Assert.True(checker.Holds, string.Join('\n', checker.Violations));
    }

    public static async Task StoreSnapshotAsync(TestCluster cluster, ExchangeEngine engine, bool spoilt)
    {
        var state = new ArrayBufferWriter<byte>();
        engine.WriteSnapshot(state);
        await using var command = cluster.Database.CreateCommand(
            "INSERT INTO snapshots (shard, sequence, epoch, state_hash, state) VALUES (0, $1, 1, $2, $3)"
        );
        command.Parameters.AddWithValue(engine.Sequence);
        command.Parameters.AddWithValue(Sequencer.Format(spoilt ? ~engine.StateHash() : engine.StateHash()));
        command.Parameters.AddWithValue(state.WrittenMemory.ToArray());
        await command.ExecuteNonQueryAsync();
    }
}
