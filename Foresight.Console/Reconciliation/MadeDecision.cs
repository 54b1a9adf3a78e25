using Foresight.Protocol;

namespace Foresight.Console.Reconciliation;

/// <summary>A discrepancy before a decision, as far as another decision can bring it back.</summary>
public sealed record FormerState(long Id, string State, string? Assignee, DateTimeOffset? IgnoredUntil);

/// <summary>A decision that is recorded, so that it can be taken back.</summary>
/// <param name="Batch">By which the Api knows whether something else was decided since.</param>
/// <param name="Count">How many it is recorded about.</param>
/// <param name="Awaiting">How many of them wait for a second key.</param>
/// <param name="Former">Those that are still to be brought back, as they were.</param>
public sealed record MadeDecision(
    string Action,
    Guid Batch,
    string Note,
    DateTimeOffset At,
    int Count,
    int Awaiting,
    IReadOnlyList<FormerState> Former
)
{
    /// <summary>The discrepancy on whose page it was made; null for one about many.</summary>
    public long? Single { get; init; }

    /// <param name="before">Those that the Api did not refuse, as they were before it.</param>
    public static MadeDecision Of(
        string action,
        string? assignee,
        string note,
        Guid batch,
        int awaiting,
        IReadOnlyCollection<DiscrepancyView> before,
        DateTimeOffset at
    )
    {
        var former = before
            .Where(row => UndoRules.CanBeUndone(row, action, assignee))
            .Select(row => new FormerState(row.Id, row.State, row.Assignee, row.IgnoredUntil))
            .ToList();
        var made = new MadeDecision(action, batch, note, at, before.Count, awaiting, former);
        return UndoRules.Steps(made).Count > UndoRules.MaxSteps ? made with { Former = [] } : made;
    }

    /// <summary>As the decision met them: since they were shown, another operator may have decided. What waits since then is left out,
    /// but of an assignment, which changes nothing about that.</summary>
    /// <param name="stored">Null from an Api of the version before.</param>
    public static IEnumerable<DiscrepancyView> AsDecided(
        IEnumerable<DiscrepancyView> shown,
        string action,
        IReadOnlyList<DiscrepancyBefore>? stored
    )
    {
        if (stored is null)
            return shown;
        var before = stored.ToDictionary(one => one.Id);
        return shown
            .Where(row =>
                before.TryGetValue(row.Id, out var was) && (action == DiscrepancyActions.Assign || !was.Waited || row.Second is not null)
            )
            .Select(row =>
                row with
                {
                    State = before[row.Id].State,
                    Assignee = before[row.Id].Assignee,
                    IgnoredUntil = before[row.Id].IgnoredUntil,
                }
            );
    }

    public MadeDecision Without(IEnumerable<long> ids)
    {
        var done = ids.ToHashSet();
        return this with { Former = [.. Former.Where(one => !done.Contains(one.Id))] };
    }
}
