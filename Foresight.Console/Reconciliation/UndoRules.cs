using Foresight.Protocol;

namespace Foresight.Console.Reconciliation;

/// <param name="Then">A second action about the same ones, where no single one leads back; null: none.</param>
public sealed record UndoStep(
    string Action,
    IReadOnlyList<long> Ids,
    string? Assignee = null,
    DateTimeOffset? Until = null,
    string? Then = null
);

/// <summary>Which decisions bring back what was before one. The history keeps both.</summary>
public static class UndoRules
{
    /// <summary>Each step is a request. A decision that many had left in so many ways is not taken back at once.</summary>
    public const int MaxSteps = 100;

    /// <param name="before">As it was before the decision.</param>
    /// <param name="assignee">For an assignment, the new one.</param>
    public static bool CanBeUndone(DiscrepancyView before, string action, string? assignee) =>
        action switch
        {
            DiscrepancyActions.Assign => (before.Assignee ?? "") != (assignee ?? ""),
            // What another key had decided for its part is completed or replaced by this one, and only that key can decide it again.
            DiscrepancyActions.Resolve or DiscrepancyActions.Ignore or DiscrepancyActions.Acknowledge => before.Second is null,
            DiscrepancyActions.Reopen => before.Second is null && BackTo(before.State) is not null,
            _ => false,
        };

    /// <summary>Without what waits for a second key, which is withdrawn before them. One with a second action comes last.</summary>
    public static IReadOnlyList<UndoStep> Steps(MadeDecision made) =>
        made.Action switch
        {
            DiscrepancyActions.Assign =>
            [
                .. made.Former.GroupBy(one => one.Assignee ?? "").Select(same => new UndoStep(made.Action, Ids(same), Assignee: same.Key)),
            ],
            DiscrepancyActions.Resolve or DiscrepancyActions.Ignore =>
            [
                .. made
                    .Former.GroupBy(one => one.State == DiscrepancyStates.Acknowledged)
                    .OrderBy(same => same.Key)
                    .Select(same => new UndoStep(
                        DiscrepancyActions.Reopen,
                        Ids(same),
                        Then: same.Key ? DiscrepancyActions.Acknowledge : null
                    )),
            ],
            DiscrepancyActions.Acknowledge when made.Former.Count > 0 => [new UndoStep(DiscrepancyActions.Reopen, Ids(made.Former))],
            DiscrepancyActions.Reopen =>
            [
                .. made
                    .Former.GroupBy(one => (one.State, Until: one.State == DiscrepancyStates.Ignored ? one.IgnoredUntil : null))
                    .Select(same => new UndoStep(BackTo(same.Key.State)!, Ids(same), Until: same.Key.Until)),
            ],
            _ => [],
        };

    /// <summary>What is left to do of a decision when these are reopened, and are yet to be acknowledged again.</summary>
    public static MadeDecision AfterReopening(MadeDecision made, IReadOnlyCollection<long> reopened, Guid batch) =>
        made with
        {
            Action = DiscrepancyActions.Reopen,
            Batch = batch,
            Awaiting = 0,
            Former = [.. made.Former.Where(one => reopened.Contains(one.Id))],
        };

    private static string? BackTo(string state) =>
        state switch
        {
            DiscrepancyStates.Resolved => DiscrepancyActions.Resolve,
            DiscrepancyStates.Ignored => DiscrepancyActions.Ignore,
            DiscrepancyStates.Acknowledged => DiscrepancyActions.Acknowledge,
            _ => null,
        };

    private static IReadOnlyList<long> Ids(IEnumerable<FormerState> some) => [.. some.Select(one => one.Id)];
}
