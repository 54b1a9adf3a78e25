using Foresight.Api.MarketData;
using Foresight.Cluster;
using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Mutants;

/// <summary>Believes every sealed message, also one ahead of what the journal has.</summary>
internal sealed class NoJournalGate : Mutant
{
    public override bool Admits(JournalGate gate, FeedItem item) => true;
}

/// <summary>A false book at a true position is not noticed without the leader's hash.</summary>
internal sealed class CompareNoBook : Mutant
{
    public override FeedItem Heard(FeedItem item) =>
        item is FeedItem.Depth(var message) ? new FeedItem.Depth(message with { Checksums = null }) : item;
}

/// <summary>Believes a fresh lease of any term, also of one that Postgres has not named.</summary>
internal sealed class BelieveUnnamedLease : Mutant
{
    public override bool IsNamed(LeaseHints hints, LeaseRecord shown) => true;
}

/// <summary>Takes orders that may still be filled by anybody after the relayer has fallen silent.</summary>
internal sealed class TakeAnyExpiry : Mutant
{
    private const long SecondsOfTenYears = 10L * 365 * 86_400;

    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Lasting(real);

    private sealed class Lasting(IJournal real) : JournalDecorator(real)
    {
        public override async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
        {
            var known = await base.FindAsync(requests, cancellationToken);
            known.OrderLife = known.OrderLife with { LifeSeconds = SecondsOfTenYears };
            return known;
        }
    }
}

/// <summary>Matches orders that expire before the chain could have their trades.</summary>
internal sealed class MatchToTheExpiry : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Late(real);

    private sealed class Late(IJournal real) : JournalDecorator(real)
    {
        public override async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
        {
            var known = await base.FindAsync(requests, cancellationToken);
            known.OrderLife = known.OrderLife with { MarginSeconds = 0 };
            return known;
        }
    }
}

/// <summary>Answers for an order whose hash is known without a look at the terms that are not signed.</summary>
internal sealed class ForgetOrderTerms : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Forgetful(real);

    private sealed class Forgetful(IJournal real) : JournalDecorator(real)
    {
        public override async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
        {
            var known = await base.FindAsync(requests, cancellationToken);
            foreach (var request in requests)
                if (request.Command is PlaceOrder order && known.Orders.ContainsKey(request.OrderHash))
                    known.Orders[request.OrderHash] = OrderTerms.Of(order);
            return known;
        }
    }
}
