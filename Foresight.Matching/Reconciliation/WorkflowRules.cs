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
    /// Why a run that finds the same disagreement again opens it anew; null: it does not. Somebody decided about the evidence they saw, so the
    /// same evidence does not ask them again. Other evidence under the same key does, and so does what was resolved, was gone, and has come
    /// back: then the cause was not. What is ignored until a time asks again at that time.
    /// </summary>
    /// <param name="wasGone">A run since then looked where it was and did not find it.</param>
    public static string? WhyReopened(string state, bool sameEvidence, bool wasGone) => (state, sameEvidence, wasGone) switch
    {
        (Resolved or Ignored, false, _) => "Seen again with other evidence.",
        (Resolved, true, true) => "Seen again after it was gone.",
        _ => null,
    };
}
