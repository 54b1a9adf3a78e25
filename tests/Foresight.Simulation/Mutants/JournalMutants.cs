using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;
using Foresight.Simulation.Processes;
using Npgsql;

namespace Foresight.Simulation.Mutants;

internal sealed class PublishBeforeCommit : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Hasty(real, parts);

    private sealed class Hasty(IJournal real, SimulatedNodeParts parts) : JournalDecorator(real)
    {
        public override Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            foreach (var trades in transaction.Steps.OfType<JournalStep.WriteRows>().SelectMany(step => step.Rows.TradeMessages))
                parts.Broadcast.Publish(Channels.Trades, trades);
            return base.ExecuteAsync(transaction);
        }
    }
}

internal sealed class AnswerBeforeCommit : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Hasty(real);

    private sealed class Hasty(IJournal real) : JournalDecorator(real)
    {
        public override Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            _ = base.ExecuteAsync(transaction);
            return Task.FromResult(new Committed(default, []));
        }
    }
}

internal sealed class GuessCommitted : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Guessing(real);

    private sealed class Guessing(IJournal real) : JournalDecorator(real)
    {
        public override async Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            try
            {
                return await base.ExecuteAsync(transaction);
            }
            catch (NpgsqlException error) when (error is not PostgresException && !transaction.TryGiveUp())
            {
                return new Committed(default, []);
            }
        }
    }
}

internal sealed class GuessNotCommitted : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Guessing(real);

    private sealed class Guessing(IJournal real) : JournalDecorator(real)
    {
        public override async Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            // To the writer this transaction was never sent, so it reports a certain failure.
            var other = new JournalTransaction(transaction.Steps) { Timeout = transaction.Timeout };
            return await base.ExecuteAsync(other);
        }
    }
}

internal sealed class ForgetRequests : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) => new Forgetful(real);

    private sealed class Forgetful(IJournal real) : JournalDecorator(real)
    {
        public override async Task<LookupResult> FindAsync(IReadOnlyList<QueuedCommand> requests, CancellationToken cancellationToken)
        {
            var known = await base.FindAsync(requests, cancellationToken);
            known.Requests.Clear();
            return known;
        }
    }
}
