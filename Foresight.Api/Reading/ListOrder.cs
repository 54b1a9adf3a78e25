using Foresight.Api.Problems;
using Foresight.Protocol;

namespace Foresight.Api.Reading;

/// <param name="Sort">Name of a column.</param>
internal sealed record ListOrder(string Sort, bool IsDescending)
{
    private const char Descending = '-';

    /// <summary>Nothing comes last in both directions.</summary>
    public string Direction => IsDescending ? "DESC NULLS LAST" : "ASC NULLS LAST";

    /// <param name="sort">As addresses have it, descending with a minus before it.</param>
    public static ListOrder Of(string sort) => new(sort.TrimStart(Descending), sort.StartsWith(Descending));

    /// <param name="own">The list's own order.</param>
    /// <returns>Null if the rows are found by cursor, in the list's own order.</returns>
    public static ListOrder? ByOffset(string? sort, string own, int? offset) =>
        (sort ?? own) == own && offset is null ? null : Of(sort ?? own);

    public static Problem? Check(string? sort, IReadOnlyList<string> names) =>
        sort is not null && !names.Contains(sort.StartsWith(Descending) ? sort[1..] : sort)
            ? Problem.Malformed($"sort must be one of {string.Join(", ", names)}, with a - before it for descending.")
            : null;

    /// <summary>
    /// Of a list as <see cref="SortedLists"/> describes it: in its own order pages follow each other by cursor, which is stable while rows
    /// are added, and in any other, and for people who go to a page by its number, they are found by offset.
    /// </summary>
    /// <param name="own">The list's own order.</param>
    public static Problem? CheckPlace(string? sort, string own, string? cursor, bool isCursor, int? offset) =>
        offset is < 0 or > SortedLists.Rows ? Problem.Malformed($"offset must be from 0 to {SortedLists.Rows}.")
        : cursor is not null && (!isCursor || (sort ?? own) != own || offset is not null)
            ? Problem.Malformed($"cursor must be the next of a page before, with sort {own} and without offset.")
        : null;
}
