using System.Globalization;
using Foresight.Api.Problems;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Reading;

/// <param name="Cursor">Key of the last row on the previous page: stable, unlike an offset, while rows are added.</param>
public readonly record struct PageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null
) : ICheckedParameters
{
    internal static readonly Problem BadCursor = Problem.Malformed("cursor must be the next of a page before.");

    internal int Size => Limit ?? ApiLimits.PageSize;

    internal long Before =>
        Cursor is null ? long.MaxValue : KeyOf(Cursor) ?? throw new InvalidOperationException("The cursor was not checked.");

    Problem? ICheckedParameters.Problem => CheckSize(Limit) ?? (Cursor is not null && KeyOf(Cursor) is null ? BadCursor : null);

    internal static Problem? CheckSize(int? limit) =>
        limit is < 1 or > ApiLimits.MaxPageSize ? Problem.Malformed($"limit must be from 1 to {ApiLimits.MaxPageSize}.") : null;

    internal static long? KeyOf(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var key) ? key : null;

    /// <summary>Of a cursor that consists of two keys.</summary>
    internal static (long First, long Second)? KeysOf(string cursor)
    {
        var dash = cursor.IndexOf('-', StringComparison.Ordinal);
        return dash >= 0 && KeyOf(cursor[..dash]) is { } first && KeyOf(cursor[(dash + 1)..]) is { } second ? (first, second) : null;
    }

    /// <summary>Null if the cursor has another number of keys.</summary>
    internal static IReadOnlyList<long>? KeysOf(string cursor, int count)
    {
        var parts = cursor.Split('-', count + 1);
        if (parts.Length != count)
            return null;
        var keys = new long[count];
        for (var i = 0; i < count; i++)
        {
            if (KeyOf(parts[i]) is not { } key)
                return null;
            keys[i] = key;
        }

        return keys;
    }

    internal static string CursorOf(params IEnumerable<long> keys) =>
        string.Join('-', keys.Select(key => key.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Expects one row more than a page holds: its presence shows that there is a next page.</summary>
    internal static (IReadOnlyList<T> Rows, string? Next) Cut<T>(List<T> rows, int size, Func<T, long> key) =>
        Cut(rows, size, row => key(row).ToString(CultureInfo.InvariantCulture));

    internal static (IReadOnlyList<T> Rows, string? Next) Cut<T>(List<T> rows, int size, Func<T, string> cursor)
    {
        if (rows.Count <= size)
            return (rows, null);
        rows.RemoveRange(size, rows.Count - size);
        return (rows, cursor(rows[^1]));
    }
}
