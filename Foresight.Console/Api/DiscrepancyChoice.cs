using System.Globalization;
using Foresight.Protocol;

namespace Foresight.Console.Api;

public sealed record DiscrepancyChoice(
    string? State = null,
    string? Kind = null,
    string? Severity = null,
    string? Assignee = null,
    string? Age = null,
    string? Text = null,
    string? From = null,
    string? To = null
)
{
    public const string Unresolved = "unresolved";

    public bool IsAny => this == new DiscrepancyChoice();

    /// <summary>A day as the address has it, "2026-05-04", in UTC; what is no day is left to the Api, which refuses it.</summary>
    private static string? StartOf(string? day, int days = 0) =>
        DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
        && date < DateOnly.MaxValue
            ? $"{date.AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}T00:00:00Z"
            : day;

    public (string Name, string? Value)[] Parameters =>
        [
            ("state", State == Unresolved ? DiscrepancyFilterValues.Undecided : State),
            ("kind", Kind),
            ("severity", Severity),
            ("assignee", Assignee),
            ("age", Age),
            ("text", Text),
            ("from", StartOf(From)),
            ("to", StartOf(To, days: 1)),
        ];
}
