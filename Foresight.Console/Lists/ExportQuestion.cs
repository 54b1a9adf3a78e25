using System.Globalization;
using Foresight.Console.Api;
using Foresight.Protocol;
using Microsoft.AspNetCore.WebUtilities;

namespace Foresight.Console.Lists;

/// <param name="Address">Of the list's page, with its filters and its order.</param>
public sealed record ExportQuestion(ForesightApiClient Api, string Address, CancellationToken Cancelled)
{
    public const string OfName = "of";

    /// <summary>Nodes that the console does not hear any more, as the list of nodes shows them.</summary>
    public IReadOnlyList<NodeRecord> Missing { get; init; } = [];

    /// <summary>Null if the address does not have it.</summary>
    public string? this[string name] =>
        QueryHelpers.ParseQuery(new Uri(new Uri("http://console"), Address).Query).TryGetValue(name, out var values)
            ? values.ToString()
            : null;

    /// <summary>The account, transaction or run that the rows belong to.</summary>
    /// <exception cref="ApiRefusedException">The address has none.</exception>
    public string Of => this[OfName] is { Length: > 0 } of ? of : throw Refused("is missing");

    /// <exception cref="ApiRefusedException">The address has none, or no number.</exception>
    public long OfNumber =>
        long.TryParse(Of, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Refused("must be a number");

    /// <exception cref="ApiRefusedException">The address has none, or no number of a market.</exception>
    public int OfMarket =>
        int.TryParse(Of, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Refused("must be a number");

    /// <summary>Of a list that the console has all rows of, in the order of the address.</summary>
    public ListFile Sorted<T>(IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, string prefix = "") =>
        Sorted(rows, columns, prefix, row => row);

    public ListFile Sorted<T, TRow>(IReadOnlyList<T> rows, IReadOnlyList<ListColumn<T>> columns, string prefix, Func<T, TRow> written) =>
        ListFile.Of(ListRules.Sort(rows, columns, ListState.Of(Address, prefix)).Select(written), ListExports.MaxRows);

    /// <summary>For a list that the Api sorts on its page, where it refuses the same.</summary>
    /// <exception cref="ApiRefusedException">The address has an order that the list does not have.</exception>
    public void CheckSort<T>(IReadOnlyList<ListColumn<T>> columns)
    {
        if (ListState.Of(Address).Sort is { } sort && !columns.Any(column => column.Name == sort && column.IsSortable))
            throw Malformed(
                $"sort must be one of {string.Join(", ", columns.Where(column => column.IsSortable).Select(column => column.Name))}, "
                    + "with a - before it for descending."
            );
    }

    private static ApiRefusedException Refused(string why) => Malformed($"{OfName} {why}.");

    private static ApiRefusedException Malformed(string why) => new(StatusCodes.Status400BadRequest, ProblemCodes.MalformedRequest, why);
}
