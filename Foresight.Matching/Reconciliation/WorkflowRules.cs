namespace Foresight.Matching.Reconciliation;

/// <summary>A discrepancy's way: open → acknowledged → resolved or ignored; a person, or new evidence, reopens it.</summary>
public static class WorkflowRules
{
    public const string Open = "open";
    public const string Acknowledged = "acknowledged";
    public const string Resolved = "resolved";
    public const string Ignored = "ignored";
    public const string Reopened = "reopened";

    public static bool IsLive(string state) => state is Open or Acknowledged or Reopened;

    /// <summary>Where a person's action leads; null: the action does not fit the state.</summary>
    /// <param name="action">acknowledge, resolve, ignore, reopen.</param>
    public static string? After(string state, string action) => (action, state) switch
    {
        ("acknowledge", Open or Reopened) => Acknowledged,
        ("resolve", Open or Reopened or Acknowledged) => Resolved,
        ("ignore", Open or Reopened or Acknowledged) => Ignored,
        ("reopen", Resolved or Ignored) => Reopened,
        _ => null,
    };

    /// <summary>
    /// The state after a run found the same disagreement again. Somebody decided about the evidence they saw: the same evidence does not
    /// ask them again, and other evidence under the same key does.
    /// </summary>
    public static string AfterSeenAgain(string state, bool sameEvidence) => IsLive(state) || sameEvidence ? state : Reopened;
}
