namespace Foresight.Console.Shell;

/// <param name="Key">Pressed after "g".</param>
public sealed record GoTo(string Key, string Href, string Page);

/// <summary>What wwwroot/hands.js acts on: it follows the links of the help dialog by their keys.</summary>
public static class Shortcuts
{
    public const string LookupDialog = "lookup";
    public const string HelpDialog = "shortcuts";

    public static readonly IReadOnlyList<GoTo> Pages =
    [
        new("o", "/", "Overview"),
        new("m", "/markets", "Markets"),
        new("t", "/trades", "Trades"),
        new("r", "/reconciliation", "Reconciliation"),
        new("l", "/decisions", "Decisions"),
        new("f", "/offenders", "Offenders"),
        new("d", "/database", "Database"),
        new("s", "/settlement", "Settlement"),
        new("c", "/cluster", "Cluster"),
        new("v", "/failovers", "Failovers"),
        new("x", "/failed-commands", "Failed commands"),
    ];
}
