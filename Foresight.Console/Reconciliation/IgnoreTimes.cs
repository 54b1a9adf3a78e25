namespace Foresight.Console.Reconciliation;

public static class IgnoreTimes
{
    public static readonly (string Value, string Text)[] Options =
    [
        ("1h", "for an hour"),
        ("24h", "for a day"),
        ("168h", "for a week"),
        ("720h", "for 30 days"),
    ];

    public static DateTimeOffset? End(string? choice, DateTimeOffset now) =>
        choice is null ? null : now + TimeSpan.FromHours(int.Parse(choice.TrimEnd('h'), System.Globalization.CultureInfo.InvariantCulture));
}
