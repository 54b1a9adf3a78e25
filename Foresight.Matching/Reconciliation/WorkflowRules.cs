namespace Foresight.Matching.Reconciliation;

/// <summary>
/// What a run may do to a discrepancy's state: open → acknowledged → resolved or ignored. What a person may do is the operations API's to say.
/// </summary>
public static class WorkflowRules
{
    public const string Open = "open";
    public const string Acknowledged = "acknowledged";
    public const string Resolved = "resolved";
    public const string Ignored = "ignored";
    public const string Reopened = "reopened";

    public static bool IsLive(string state) => state is Open or Acknowledged or Reopened;

    /// <summary>
    /// The state after a run found the same disagreement again. Somebody decided about the evidence they saw: the same evidence does not
    /// ask them again, and other evidence under the same key does.
    /// </summary>
    public static string AfterSeenAgain(string state, bool sameEvidence) => IsLive(state) || sameEvidence ? state : Reopened;
}
