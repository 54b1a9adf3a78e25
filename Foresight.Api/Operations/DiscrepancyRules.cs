using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Operations;

/// <summary>Valid in itself, so that <see cref="DiscrepancyRules.Judge"/> has only to decide whether it applies to a discrepancy.</summary>
public sealed record Decision(string Action, string Note, DateTimeOffset? Until, string? Assignee);

/// <param name="Amount">Micro-USDC at stake; null if unknown.</param>
/// <param name="SecondAction">First half of a four-eyes decision: it waits for a key other than <paramref name="SecondKey"/>.</param>
/// <param name="IsDecidedSince">Something else was recorded after the decision that is to be taken back.</param>
public sealed record DiscrepancyFacts(string State, long? Amount, string? SecondAction, string? SecondKey, bool IsDecidedSince = false);

/// <param name="Waits">True if the decision is recorded, but changes no state before a second key has decided the same.</param>
public sealed record Judgement(string State, bool Waits = false, (string Code, string Reason)? Refusal = null);

/// <summary>Pure, so that the database only stores what is decided here.</summary>
public static class DiscrepancyRules
{
    public static readonly TimeSpan LongestIgnore = TimeSpan.FromDays(366);

    public static string? After(string state, string action) =>
        (action, state) switch
        {
            (DiscrepancyActions.Acknowledge, DiscrepancyStates.Open or DiscrepancyStates.Reopened) => DiscrepancyStates.Acknowledged,
            (DiscrepancyActions.Resolve, _) when IsUndecided(state) => DiscrepancyStates.Resolved,
            (DiscrepancyActions.Ignore, _) when IsUndecided(state) => DiscrepancyStates.Ignored,
            // Also the way back from an acknowledgement, which would otherwise have none.
            (DiscrepancyActions.Reopen, DiscrepancyStates.Resolved or DiscrepancyStates.Ignored or DiscrepancyStates.Acknowledged) =>
                DiscrepancyStates.Reopened,
            (DiscrepancyActions.Assign or DiscrepancyActions.Note, _) => state,
            _ => null,
        };

    public static bool IsRemark(string action) => action is DiscrepancyActions.Assign or DiscrepancyActions.Note;

    /// <summary>
    /// Closing a discrepancy above <paramref name="fourEyesOver"/> takes two keys, because it decides about money: the first decision waits
    /// until another key decides the same. An unknown amount may be above it. One key suffices to take a first decision back.
    /// </summary>
    /// <param name="fourEyesOver">Micro-USDC; null turns four-eyes off.</param>
    public static Judgement Judge(DiscrepancyFacts facts, Decision decision, Operator by, long? fourEyesOver)
    {
        if (facts.IsDecidedSince)
            return new Judgement(facts.State, Refusal: (ProblemRules.StateConflict, "Something else was decided about it since."));
        if (decision.Action == DiscrepancyActions.Withdraw)
            return new Judgement(
                facts.State,
                Refusal: facts.SecondAction is null ? (ProblemRules.StateConflict, "No decision waits for a second key.") : null
            );
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
        var (waits, refusal) = FourEyes.Judge(facts.SecondAction, facts.SecondKey, decision.Action, by.Key);
        return new Judgement(waits || refusal is not null ? facts.State : next, waits, refusal);
    }

    public static Result<Decision> Read(string? action, string? note, DateTimeOffset? until, string? assignee, DateTimeOffset now)
    {
        const int MaxName = DecisionLimits.NameLength;
        action ??= DiscrepancyActions.Resolve;
        if (!DiscrepancyActions.All.Contains(action))
            return Problem.Malformed($"action must be one of {string.Join(", ", DiscrepancyActions.All)}.");
        var isAssignment = action == DiscrepancyActions.Assign;
        var read = ReadNote(note);
        if (read.Value is not { } reason)
            return read.Problem!;
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
        return new Decision(action, reason, until, assignee.Length == 0 ? null : assignee);
    }

    /// <summary>Of a decision that must have a reason.</summary>
    public static Result<string> ReadNote(string? text)
    {
        var note = Clean(text);
        return note.Length is 0 or > DecisionLimits.NoteLength
            ? Problem.Malformed($"note must have 1 to {DecisionLimits.NoteLength} characters.")
            : note;
    }

    public static (DateTimeOffset? After, DateTimeOffset? UpTo) FirstSeen(string age, DateTimeOffset now)
    {
        var i = DiscrepancyAges.All.Index().First(one => one.Item == age).Index;
        return (
            i < DiscrepancyAges.Bounds.Count ? now - DiscrepancyAges.Bounds[i] : null,
            i == 0 ? null : now - DiscrepancyAges.Bounds[i - 1]
        );
    }

    private static bool IsUndecided(string state) => DiscrepancyStates.Undecided.Contains(state);

    /// <summary>Notes end up in logs, terminals and CSV, where control characters do harm; line breaks are kept.</summary>
    internal static string Clean(string? text) => new string([.. (text ?? "").Where(c => !char.IsControl(c) || c is '\n' or '\t')]).Trim();
}
