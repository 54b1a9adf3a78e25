using Foresight.Protocol;

namespace Foresight.Console.Api;

/// <param name="State">A state, or <see cref="Unresolved"/>.</param>
/// <param name="Assignee">A name, or <see cref="DiscrepancyFilterValues.Unassigned"/>.</param>
/// <param name="Age">One of DiscrepancyAges.</param>
public sealed record DiscrepancyChoice(
    string? State = null,
    string? Kind = null,
    string? Severity = null,
    string? Assignee = null,
    string? Age = null
)
{
    /// <summary>Open, acknowledged and reopened together.</summary>
    public const string Unresolved = "unresolved";

    public bool IsAny => this == new DiscrepancyChoice();

    internal (string Name, string? Value)[] Parameters =>
        [
            ("state", State == Unresolved ? DiscrepancyFilterValues.Undecided : State),
            ("kind", Kind),
            ("severity", Severity),
            ("assignee", Assignee),
            ("age", Age),
        ];

    public string Query =>
        string.Join(
            '&',
            new[] { ("state", State), ("kind", Kind), ("severity", Severity), ("assignee", Assignee), ("age", Age) }
                .Where(part => !string.IsNullOrEmpty(part.Item2))
                .Select(part => $"{part.Item1}={Uri.EscapeDataString(part.Item2!)}")
        );
}
