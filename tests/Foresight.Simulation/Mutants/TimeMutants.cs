using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Mutants;

/// <summary>As if the chain's clock confirmed whatever the database's shows.</summary>
internal sealed class BelieveAnyClock : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Believing(real);

    private sealed class Believing(IJournal real) : JournalDecorator(real)
    {
        public override async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
        {
            var known = await base.FindAsync(requests, cancellationToken);
            known.OrderLife = known.OrderLife with { BlockTime = new DateTimeOffset(known.Now).ToUnixTimeSeconds() + 1 };
            return known;
        }
    }
}
