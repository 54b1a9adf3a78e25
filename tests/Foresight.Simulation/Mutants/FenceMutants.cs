using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Mutants;

internal abstract class StepsMutant : Mutant
{
    public override IJournal Journal(IJournal real, Lease lease, SimulatedNodeParts parts) =>
        new Rewriting(real, steps => Rewrite(steps, parts));

    protected abstract IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts);

    private sealed class Rewriting(IJournal real, Func<IReadOnlyList<JournalStep>, IEnumerable<JournalStep>> rewrite)
        : JournalDecorator(real)
    {
        public override async Task<Committed> ExecuteAsync(JournalTransaction transaction)
        {
            var other = new JournalTransaction([.. rewrite(transaction.Steps)]) { Timeout = transaction.Timeout };
            try
            {
                return await base.ExecuteAsync(other);
            }
            finally
            {
                if (!other.TryGiveUp())
                    transaction.TrySend();
                transaction.FailedStep = other.FailedStep;
            }
        }
    }
}

internal sealed class NoFence : StepsMutant
{
    protected override IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts) =>
        steps.Where(step => step is not JournalStep.AssertTerm);
}

/// <summary>
/// An epoch alone may repeat after a restore of an older database. The journal position is omitted too, because it would catch nearly
/// everything that the token catches here.
/// </summary>
internal sealed class NoToken : StepsMutant
{
    protected override IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts) =>
        steps.Select(step => step is JournalStep.AssertTerm { Term: var term } ? new LooseAssert(term) : step);
}

internal sealed class FenceAfterWrite : StepsMutant
{
    protected override IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts) =>
        [
            .. steps.Where(step => step is not JournalStep.AssertTerm and not JournalStep.ReadBack),
            .. steps.OfType<JournalStep.AssertTerm>(),
            new JournalStep.Commit(),
            .. steps.OfType<JournalStep.ReadBack>(),
        ];
}

/// <summary>A fence that is checked in one transaction and used in the next may be true when checked, false when used.</summary>
internal sealed class FenceApart : StepsMutant
{
    protected override IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts) =>
        steps.SelectMany(step => step is JournalStep.AssertTerm ? new[] { step, new JournalStep.Commit() } : [step]);
}

internal sealed class LeadershipAsFlag : StepsMutant
{
    protected override IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts) =>
        parts.Presence.Leads.Count > 0 ? steps.Where(step => step is not JournalStep.AssertTerm) : steps;
}

internal sealed class NoPosition : StepsMutant
{
    protected override IEnumerable<JournalStep> Rewrite(IReadOnlyList<JournalStep> steps, SimulatedNodeParts parts) =>
        steps.Select(step => step is JournalStep.AssertTerm assert ? assert with { After = null } : step);
}
