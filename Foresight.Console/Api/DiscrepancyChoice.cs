using Foresight.Protocol;

namespace Foresight.Console.Api;

/// <summary>Filters of the discrepancy list, as they appear in the URL of the page.</summary>
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

    /// <summary>Query parameters under the Api's names.</summary>
    internal (string Name, string? Value)[] Parameters =>
        [
            ("state", State == Unresolved ? DiscrepancyFilterValues.Undecided : State),
            ("kind", Kind),
            ("severity", Severity),
            ("assignee", Assignee),
            ("age", Age),
        ];

    /// <summary>The same filters as the query string of a console page.</summary>
    public string Query =>
        string.Join(
            '&',
            new[] { ("state", State), ("kind", Kind), ("severity", Severity), ("assignee", Assignee), ("age", Age) }
                .Where(part => !string.IsNullOrEmpty(part.Item2))
                .Select(part => $"{part.Item1}={Uri.EscapeDataString(part.Item2!)}")
        );
}
