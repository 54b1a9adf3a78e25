using Foresight.Console.Api;
using Microsoft.AspNetCore.WebUtilities;

namespace Foresight.Console.Lists;

/// <param name="Address">Of the list's page, with its filters and its order.</param>
public sealed record ExportQuestion(ForesightApiClient Api, string Address, CancellationToken Cancelled)
{
    /// <summary>Null if the address does not have it.</summary>
    public string? this[string name] =>
        QueryHelpers.ParseQuery(new Uri(new Uri("http://console"), Address).Query).TryGetValue(name, out var values)
            ? values.ToString()
            : null;

    /// <summary>Of a list that the console has all rows of, in the order of the address.</summary>
    public ListFile Sorted<T>(IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, string prefix = "") =>
        Sorted(rows, columns, prefix, row => row);

    public ListFile Sorted<T, TRow>(IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, string prefix, Func<T, TRow> written) =>
        ListFile.Of(ListRules.Sort(rows, columns, ListState.Of(Address, prefix)).Select(written), ListExports.MaxRows);
}
