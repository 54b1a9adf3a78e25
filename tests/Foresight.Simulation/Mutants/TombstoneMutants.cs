using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Mutants;

internal sealed class ForgetCancelledSalts : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Forgetful(real);

    private sealed class Forgetful(IJournal real) : JournalDecorator(real)
    {
        public override async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
        {
            var known = await base.FindAsync(requests, cancellationToken);
            known.Tombstones.Clear();
            known.DeadOrders.Clear();
            return known;
        }
    }
}
