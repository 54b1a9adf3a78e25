namespace Foresight.Console.Lists;

/// <param name="First">Position of the first row in the whole list, from 1; 0 if there is none.</param>
public sealed record ListCut<T>(IReadOnlyList<T> Rows, int First, int Page, int Pages, long Total);

public static class ListRules
{
    /// <summary>
    /// One page of rows that the console has all of. The sort is stable, and rows without a value come last in both directions. A page
    /// behind the last one is the last one, because the list may have become shorter since the address was made.
    /// </summary>
    public static ListCut<T> Cut<T>(IReadOnlyList<T> items, IReadOnlyList<ListColumn<T>> columns, ListState state, int pageSize)
    {
        var rows = Sort(items, columns, state);
        var pages = Pages(items.Count, pageSize);
        var page = Math.Min(state.Page, pages);
        var skipped = (page - 1) * pageSize;
        var shown = rows.Skip(skipped).Take(pageSize).ToList();
        return new ListCut<T>(shown, shown.Count == 0 ? 0 : skipped + 1, page, pages, items.Count);
    }

    public static IEnumerable<T> Sort<T>(IReadOnlyList<T> items, IReadOnlyList<ListColumn<T>> columns, ListState state) =>
        Sort(items, columns.FirstOrDefault(column => column.Name == state.Sort)?.Key, state.IsDescending);

    /// <summary>
    /// For a page of several that the Api sorts by the same names: sorted here, its rows would look like the first of all
    /// (docs/decisions/0710).
    /// </summary>
    public static IReadOnlyList<ListColumn<T>> SortedByApi<T>(IReadOnlyList<ListColumn<T>> columns) =>
        [.. columns.Select(column => column with { Key = null, IsSortedByApi = column.Key is not null })];

    public static int Pages(long total, int pageSize) => (int)Math.Max(1, (total + pageSize - 1) / pageSize);

    private static IEnumerable<T> Sort<T>(IReadOnlyList<T> items, Func<T, IComparable?>? key, bool isDescending)
    {
        if (key is null)
            return items;

        var keyed = items.Select(item => (Item: item, Key: key(item)));
        var ordered = keyed.OrderBy(entry => entry.Key is null);
        return (isDescending ? ordered.ThenByDescending(entry => entry.Key) : ordered.ThenBy(entry => entry.Key)).Select(entry =>
            entry.Item
        );
    }
}
