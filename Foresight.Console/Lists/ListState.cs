using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace Foresight.Console.Lists;

/// <summary>
/// How an operator looks at a list. It stands in the address alone, so that live updates, a reload and a colleague's link keep it.
/// </summary>
/// <param name="Page">From 1.</param>
/// <param name="Size">Rows on a page; null is the list's own size.</param>
public sealed record ListState(string? Sort, bool IsDescending, int Page, int? Size, ImmutableSortedSet<string> Hidden)
{
    private const char Descending = '-';

    /// <param name="prefix">Keeps several lists of a page apart, as "runs." in "runs.sort".</param>
    public static ListState Of(string address, string prefix = "")
    {
        var start = address.IndexOf('?', StringComparison.Ordinal);
        var query = QueryHelpers.ParseQuery(start < 0 ? "" : address[start..].Split('#')[0]);
        var sort = Text(SortName(prefix)) ?? "";
        return new ListState(
            sort.TrimStart(Descending) is { Length: > 0 } column ? column : null,
            sort.StartsWith(Descending),
            Math.Max(1, Number(PageName(prefix)) ?? 1),
            Number(SizeName(prefix)),
            [.. (Text(HiddenName(prefix)) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)]
        );

        string? Text(string name) => query.TryGetValue(name, out var values) ? values.ToString() : null;

        int? Number(string name) =>
            int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    public static string SortName(string prefix) => $"{prefix}sort";

    public static string PageName(string prefix) => $"{prefix}page";

    /// <summary>Of lists whose pages are found by the last row of the page before.</summary>
    public static string CursorName(string prefix) => $"{prefix}cursor";

    public static string SizeName(string prefix) => $"{prefix}size";

    public static string HiddenName(string prefix) => $"{prefix}hide";

    /// <summary>As addresses and the Api have it: "-block" is descending.</summary>
    public string? SortText =>
        Sort is null ? null
        : IsDescending ? Descending + Sort
        : Sort;

    /// <summary>What a press on the head of the column leads to: its own direction, the other one, then the list's own order.</summary>
    public string? SortAfter(ListColumn column)
    {
        var first = column.DescendsFirst;
        if (Sort != column.Name)
            return first ? Descending + column.Name : column.Name;
        if (IsDescending != first)
            return null;
        return first ? column.Name : Descending + column.Name;
    }

    public string? HiddenAfter(ListColumn column)
    {
        var hidden = Hidden.Contains(column.Name) ? Hidden.Remove(column.Name) : Hidden.Add(column.Name);
        return hidden.IsEmpty ? null : string.Join(',', hidden);
    }
}
