using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <summary>
/// An operator's decision, valid in itself; <see cref="DiscrepancyRules.Judge"/> checks whether it applies to a discrepancy.
/// </summary>
public sealed record Decision(string Action, string? Note, DateTimeOffset? Until, string? Assignee);

/// <param name="Amount">Micro-USDC at stake; null if unknown.</param>
/// <param name="SecondAction">First half of a four-eyes decision: it waits for a key other than <paramref name="SecondKey"/>.</param>
public sealed record DiscrepancyFacts(string State, long? Amount, string? SecondAction, string? SecondKey);

/// <param name="Waits">True if the decision is recorded, but waits for a second key.</param>
public sealed record Judgement(string State, bool Waits = false, (string Code, string Reason)? Refusal = null);

/// <summary>The state machine of a discrepancy. Pure, so that the database only stores what is decided here.</summary>
public static class DiscrepancyRules
{
    public static readonly TimeSpan LongestIgnore = TimeSpan.FromDays(366);

    /// <summary>State that the action leads to; null if the action is not allowed in the current state.</summary>
    public static string? After(string state, string action) =>
        (action, state) switch
        {
            (DiscrepancyActions.Acknowledge, DiscrepancyStates.Open or DiscrepancyStates.Reopened) => DiscrepancyStates.Acknowledged,
            (DiscrepancyActions.Resolve, _) when IsUndecided(state) => DiscrepancyStates.Resolved,
            (DiscrepancyActions.Ignore, _) when IsUndecided(state) => DiscrepancyStates.Ignored,
            (DiscrepancyActions.Reopen, DiscrepancyStates.Resolved or DiscrepancyStates.Ignored) => DiscrepancyStates.Reopened,
            (DiscrepancyActions.Assign or DiscrepancyActions.Note, _) => state,
            _ => null,
        };

    /// <summary>True for actions that keep the state and everything attached to it.</summary>
    public static bool IsRemark(string action) => action is DiscrepancyActions.Assign or DiscrepancyActions.Note;

    /// <summary>
    /// Closing a discrepancy above <paramref name="fourEyesOver"/>, or of unknown amount, takes two
    /// keys: the first decision waits until another key decides the same.
    /// </summary>
    /// <param name="fourEyesOver">Micro-USDC; null turns four-eyes off.</param>
    public static Judgement Judge(DiscrepancyFacts facts, Decision decision, Operator by, long? fourEyesOver)
    {
        if (After(facts.State, decision.Action) is not { } next)
            return new Judgement(
                facts.State,
                Refusal: (ProblemRules.StateConflict, $"A discrepancy that is {facts.State} cannot take the action {decision.Action}.")
            );
        var takesTwo =
            decision.Action is DiscrepancyActions.Resolve or DiscrepancyActions.Ignore
            && fourEyesOver is { } limit
            && !(facts.Amount <= limit);
        if (!takesTwo)
            return new Judgement(next);
        if (facts.SecondAction != decision.Action)
            return new Judgement(facts.State, Waits: true);
        return facts.SecondKey == by.Key
            ? new Judgement(
                facts.State,
                Refusal: (
                    ProblemRules.SecondPersonNeeded,
                    $"The key {by.Key} has decided this already; somebody with another key must too."
                )
            )
            : new Judgement(next);
    }

    public static Result<Decision> Read(string? action, string? note, DateTimeOffset? until, string? assignee, DateTimeOffset now)
    {
        const int MaxNote = DecisionLimits.NoteLength,
            MaxName = DecisionLimits.NameLength;
        action ??= DiscrepancyActions.Resolve;
        if (!DiscrepancyActions.All.Contains(action))
            return Problem.Malformed($"action must be one of {string.Join(", ", DiscrepancyActions.All)}.");
        var isAssignment = action == DiscrepancyActions.Assign;
        note = Clean(note);
        if (note.Length > MaxNote || (note.Length == 0 && !isAssignment))
            return Problem.Malformed($"note must have 1 to {MaxNote} characters.");
        if (until is not null && action != DiscrepancyActions.Ignore)
            return Problem.Malformed("until belongs to the action ignore.");
        if (until <= now || until > now + LongestIgnore)
            return Problem.Malformed($"until must be in the future, at most {LongestIgnore.TotalDays:0} days away.");
        assignee = Clean(assignee);
        if (assignee.Length > 0 && !isAssignment)
            return Problem.Malformed("assignee belongs to the action assign.");
        if (assignee.Length > MaxName || assignee == DiscrepancyFilterValues.Unassigned)
            return Problem.Malformed(
                $"assignee must be a name of at most {MaxName} characters other than \"{DiscrepancyFilterValues.Unassigned}\"."
            );
        return new Decision(action, note.Length == 0 ? null : note, until, assignee.Length == 0 ? null : assignee);
    }

    /// <summary>Bounds of the first sighting for an age: after the first bound, up to the second; null is unbounded.</summary>
    public static (DateTimeOffset? After, DateTimeOffset? UpTo) FirstSeen(string age, DateTimeOffset now)
    {
        var i = DiscrepancyAges.All.Index().First(one => one.Item == age).Index;
        return (
            i < DiscrepancyAges.Bounds.Count ? now - DiscrepancyAges.Bounds[i] : null,
            i == 0 ? null : now - DiscrepancyAges.Bounds[i - 1]
        );
    }

    private static bool IsUndecided(string state) => DiscrepancyStates.Undecided.Contains(state);

    /// <summary>Removes control characters except line breaks, because notes end up in logs, terminals and CSV.</summary>
    private static string Clean(string? text) => new string([.. (text ?? "").Where(c => !char.IsControl(c) || c is '\n' or '\t')]).Trim();
}
