using Foresight.Contracts;

namespace Foresight.Api.Operations;

/// <summary>The filters of discrepancies as query parameters; the list and the export have the same.</summary>
/// <param name="State">A state, or "live" for those that nobody has decided about.</param>
/// <param name="Assignee">A name, or "none".</param>
/// <param name="Age">0-5m, 5-60m, 1-24h, 24h+: since it was first seen.</param>
/// <param name="Present">True: only those that runs still find.</param>
public readonly record struct DiscrepancyQuery(
    string? State = null, string? Kind = null, string? Severity = null, string? Assignee = null, string? Age = null, int? Market = null,
    bool? Present = null)
{
    private const string Live = "live";

    /// <summary>What is wrong with them; null: nothing.</summary>
    internal string? Wrong =>
        State is not null and not Live && !DiscrepancyRules.States.Contains(State)
            ? $"state must be live, {string.Join(", ", DiscrepancyRules.States)}."
        : Age is not null && !DiscrepancyAges.All.Contains(Age)
            ? $"age must be one of {string.Join(", ", DiscrepancyAges.All)}; a + in an address is written %2B."
        : null;

    internal DiscrepancyFilter Filter =>
        new(State == Live ? null : State, State == Live, Kind, Severity, Assignee, Age, Market, Present ?? false);
}
