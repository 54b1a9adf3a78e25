using Foresight.Contracts;

namespace Foresight.Api.Operations;

/// <summary>What a person does with discrepancies. Checked: it fits itself, though perhaps not the discrepancy.</summary>
public sealed record Decision(string Action, string? Note, DateTimeOffset? Until, string? Assignee);

/// <summary>What a decision is judged by.</summary>
/// <param name="Amount">Micro-USDC at stake; null: unknown.</param>
/// <param name="SecondAction">A decision that waits for another key than <paramref name="SecondKey"/>.</param>
public sealed record DiscrepancyFacts(string State, long? Amount, string? SecondAction, string? SecondKey);

/// <param name="State">After it.</param>
/// <param name="Waits">It is half of a decision: recorded, and waiting for somebody with another key.</param>
/// <param name="Refusal">Why nothing was changed: a code and words.</param>
public sealed record Judgement(string State, bool Waits = false, (string Code, string Reason)? Refusal = null);

/// <summary>What a person may do with a discrepancy, and what becomes of it. Pure.</summary>
public static class DiscrepancyRules
{
    public const int MaxNote = 2_000;
    public const int MaxActor = 100;

    /// <summary>Discrepancies in one bulk decision.</summary>
    public const int MaxBulk = 500;

    public const string Resolve = "resolve";
    public const string Acknowledge = "acknowledge";
    public const string Ignore = "ignore";
    public const string Reopen = "reopen";
    public const string Assign = "assign";
    public const string NoteOnly = "note";

    /// <summary>Of a filter: nobody's.</summary>
    public const string Nobody = "none";

    public static readonly TimeSpan LongestIgnore = TimeSpan.FromDays(366);

    public static readonly IReadOnlyList<string> States = ["open", "acknowledged", "resolved", "ignored", "reopened"];
    public static readonly IReadOnlyList<string> Live = ["open", "acknowledged", "reopened"];
    public static readonly IReadOnlyList<string> Actions = [Resolve, Acknowledge, Ignore, Reopen, Assign, NoteOnly];

    private static readonly TimeSpan[] AgeBounds = [TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(60), TimeSpan.FromHours(24)];

    /// <summary>The state that the action leads to; null if it does not fit the state.</summary>
    public static string? After(string state, string action) => (action, state) switch
    {
        (Acknowledge, "open" or "reopened") => "acknowledged",
        (Resolve, "open" or "reopened" or "acknowledged") => "resolved",
        (Ignore, "open" or "reopened" or "acknowledged") => "ignored",
        (Reopen, "resolved" or "ignored") => "reopened",
        (Assign or NoteOnly, _) => state,
        _ => null,
    };

    /// <summary>
    /// What ends the matter of more than <paramref name="fourEyesOver"/>, or of nobody knows how much, takes two keys: the first one's
    /// decision waits until another key decides the same.
    /// </summary>
    /// <param name="fourEyesOver">Micro-USDC; null: one key is enough.</param>
    public static Judgement Judge(DiscrepancyFacts facts, Decision decision, Decider by, long? fourEyesOver)
    {
        if (After(facts.State, decision.Action) is not { } next)
            return new Judgement(
                facts.State,
                Refusal: (Problems.ProblemRules.StateConflict,
                    $"A discrepancy that is {facts.State} cannot take the action {decision.Action}."));
        var takesTwo = decision.Action is Resolve or Ignore && fourEyesOver is { } limit && !(facts.Amount <= limit);
        if (!takesTwo) return new Judgement(next);
        if (facts.SecondAction != decision.Action) return new Judgement(facts.State, Waits: true);
        return facts.SecondKey == by.Key
            ? new Judgement(
                facts.State,
                Refusal: (Problems.ProblemRules.SecondPersonNeeded,
                    $"The key {by.Key} has decided this already; somebody with another key must too."))
            : new Judgement(next);
    }

    /// <summary>The decision, or what is wrong with it.</summary>
    public static (Decision? Decision, string? Wrong) Read(
        string? action, string? note, DateTimeOffset? until, string? assignee, DateTimeOffset now)
    {
        action ??= Resolve;
        if (!Actions.Contains(action)) return (null, $"action must be one of {string.Join(", ", Actions)}.");
        note = Clean(note);
        if (note.Length > MaxNote || (note.Length == 0 && action != Assign)) return (null, $"note must have 1 to {MaxNote} characters.");
        if (until is not null && action != Ignore) return (null, "until belongs to the action ignore.");
        if (until <= now || until > now + LongestIgnore)
            return (null, $"until must be in the future, at most {LongestIgnore.TotalDays:0} days away.");
        assignee = Clean(assignee);
        if (assignee.Length > 0 && action != Assign) return (null, "assignee belongs to the action assign.");
        if (assignee.Length > MaxActor || assignee == Nobody)
            return (null, $"assignee must be a name of at most {MaxActor} characters other than \"{Nobody}\".");
        return (new Decision(action, note.Length == 0 ? null : note, until, assignee.Length == 0 ? null : assignee), null);
    }

    /// <summary>When a discrepancy of this age was first seen: after the first and up to the second; null is without bound.</summary>
    public static (DateTimeOffset? After, DateTimeOffset? UpTo) FirstSeen(string age, DateTimeOffset now)
    {
        var i = DiscrepancyAges.All.ToList().IndexOf(age);
        return (i < AgeBounds.Length ? now - AgeBounds[i] : null, i == 0 ? null : now - AgeBounds[i - 1]);
    }

    /// <summary>A note may have several lines; nothing else that cannot be printed.</summary>
    private static string Clean(string? text) => new string([.. (text ?? "").Where(c => !char.IsControl(c) || c is '\n' or '\t')]).Trim();
}
