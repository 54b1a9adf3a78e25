using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Mutants;

/// <summary>
/// A former defect of the product: a term that waited for the snapshot that it was storing kept its lease for as long as that may take, and
/// no node could lead meanwhile.
/// </summary>
internal sealed class WaitForSnapshot : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => _storing[parts] = new Remembering(real);

    public override ILeaderTask Work(ILeaderTask real, SimulatedNodeParts parts) =>
        new Waiting(real, () => _storing.GetValueOrDefault(parts));

    private readonly Dictionary<SimulatedNodeParts, Remembering> _storing = [];

    private sealed class Waiting(ILeaderTask real, Func<Remembering?> journal) : ILeaderTask
    {
        public async Task LeadAsync(Lease lease)
        {
            try
            {
                await real.LeadAsync(lease);
            }
            finally
            {
                if (journal() is { } remembering)
                    await remembering.Storing;
            }
        }
    }

    private sealed class Remembering(IJournal real) : JournalDecorator(real)
    {
        public Task Storing { get; private set; } = Task.CompletedTask;

        public override Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            var executing = base.ExecuteAsync(transaction);
            if (transaction.Steps.Any(step => step is JournalStep.StoreSnapshot))
                Storing = executing;
            return executing;
        }
    }
}
