using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed record DiscrepancyChoice(
    string? State = null,
    string? Kind = null,
    string? Severity = null,
    string? Assignee = null,
    string? Age = null,
    string? Text = null
)
{
    public const string Unresolved = "unresolved";

    public bool IsAny => this == new DiscrepancyChoice();

    internal (string Name, string? Value)[] Parameters =>
        [
            ("state", State == Unresolved ? DiscrepancyFilterValues.Undecided : State),
            ("kind", Kind),
            ("severity", Severity),
            ("assignee", Assignee),
            ("age", Age),
            ("text", Text),
        ];
}
