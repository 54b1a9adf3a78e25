namespace Foresight.Api.Operations;

/// <summary>What a person may do with a discrepancy, and what becomes of it.</summary>
public static class DiscrepancyRules
{
    public const int MaxNote = 2_000;
    public const int MaxActor = 100;

    public static readonly IReadOnlyList<string> States = ["open", "acknowledged", "resolved", "ignored", "reopened"];
    public static readonly IReadOnlyList<string> Live = ["open", "acknowledged", "reopened"];
    public static readonly IReadOnlyList<string> Actions = ["resolve", "acknowledge", "ignore", "reopen"];

    /// <summary>The state that the action leads to; null if it does not fit the state.</summary>
    public static string? After(string state, string action) => (action, state) switch
    {
        ("acknowledge", "open" or "reopened") => "acknowledged",
        ("resolve", "open" or "reopened" or "acknowledged") => "resolved",
        ("ignore", "open" or "reopened" or "acknowledged") => "ignored",
        ("reopen", "resolved" or "ignored") => "reopened",
        _ => null,
    };
}
