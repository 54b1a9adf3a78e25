using Foresight.Console.Live;
using Foresight.Protocol;
using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Lists;

/// <summary>
/// Which page of a list the Api is asked for: in the list's own order by the cursor of the page before, which rows that are added do not
/// shift; in any other by its number.
/// </summary>
/// <param name="Sort">Null: the list's own order.</param>
/// <param name="Offset">Null on the first page of the list's own order, or where there is a cursor.</param>
public sealed record ListPlace(string? Sort, string? Cursor, long? Offset)
{
    public bool IsNumbered => Offset is not null;

    /// <summary>Behind the rows that the Api sorts there is no page.</summary>
    public static ListPlace Of(string address, string? cursor, int size)
    {
        var state = ListState.Of(address);
        var page = Math.Min(state.Page, ListRules.Pages(SortedLists.Rows, size));
        return new ListPlace(state.SortText, cursor, state.Sort is not null || page > 1 ? (page - 1L) * size : null);
    }

    /// <summary>The last page, if this one is behind it because the list has become shorter; else null.</summary>
    public int? LastOf<T>(CountedPage<T> answer, int size) =>
        answer is { Items.Count: 0, Total: > 0 } && Offset > 0 ? ListRules.Pages(answer.Total, size) : null;

    public static string Address(NavigationManager navigation, int page) =>
        navigation.GetUriWithQueryParameter(ListState.PageName(""), page == 1 ? null : page);

    /// <summary>The list with another filter, whose first page is shown.</summary>
    public static string FirstWith(NavigationManager navigation, string name, string? value) =>
        navigation.GetUriWithQueryParameters(
            new Dictionary<string, object?>
            {
                [name] = string.IsNullOrWhiteSpace(value) ? null : value.Trim(),
                ["cursor"] = null,
                [ListState.PageName("")] = null,
            }
        );

    /// <summary>Of a list that has no other order than the newest first. Null: it is all there.</summary>
    public static string? PartOf<T>(string? cursor, Page<T>? page) =>
        page is null ? null
        : cursor is not null ? "an older page"
        : page.Next is not null ? $"the newest {Format.Count(page.Items.Count)}"
        : null;

    /// <summary>As the Api counts: up to the rows that it sorts.</summary>
    public static string CountOf<T>(CountedPage<T> page) =>
        page.Total < SortedLists.Rows ? $"{Format.Count(page.Total)} in all" : $"the newest {Format.Count(SortedLists.Rows)}";
}
