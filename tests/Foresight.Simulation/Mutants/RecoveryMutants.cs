using System.Runtime.CompilerServices;
using Foresight.Matching.Engine;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Mutants;

internal sealed class ResumeStaleEngine : Mutant
{
    private readonly Dictionary<string, SortedDictionary<long, byte[]>> _memories = [];

    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts)
    {
        if (!_memories.TryGetValue(parts.Node.Name, out var memory))
            _memories.Add(parts.Node.Name, memory = []);
        return new Remembering(real, memory);
    }

    private sealed class Remembering(IJournal real, SortedDictionary<long, byte[]> memory) : JournalDecorator(real)
    {
        public override Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            foreach (var row in transaction.Steps.OfType<JournalStep.WriteRows>().SelectMany(step => step.Rows.Commands))
            {
                var bytes = new byte[CommandCodec.Size];
                CommandCodec.Encode(row.Command, bytes);
                memory[row.Command.Sequence] = bytes;
            }

            return base.ExecuteAsync(transaction);
        }

        public override async IAsyncEnumerable<(long Sequence, byte[] Payload)> CommandsAsync(
            long from,
            long through,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            var last = from - 1;
            await foreach (var row in base.CommandsAsync(from, through, cancellationToken))
            {
                yield return memory.TryGetValue(row.Sequence, out var remembered) ? (row.Sequence, remembered) : row;
                last = row.Sequence;
            }

            while (memory.TryGetValue(++last, out var ahead))
                yield return (last, ahead);
        }
    }
}
