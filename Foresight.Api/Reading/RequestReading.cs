using System.Globalization;
using Foresight.Api.Problems;
using NpgsqlTypes;

namespace Foresight.Api.Reading;

/// <summary>Query parameters and headers that many routes share.</summary>
public static class RequestReading
{
    /// <summary>Given with the answer to a write; brought by a read that must see that write.</summary>
    public const string LsnHeader = "X-Foresight-Lsn";

    /// <summary>How long the caller waits at most, in milliseconds.</summary>
    public const string DeadlineHeader = "X-Deadline-Ms";

    /// <summary>So that an answer is there within five seconds, also while nothing can be committed. A take-over of a crashed leader takes a second or two.</summary>
    private static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(4.5);
    private const int MaxDeadlineMs = 60_000;

    public static Problem BadCursor { get; } = Problem.Malformed("cursor must be the next of a page before.");

    /// <summary>The position that the answer must include; null: none is asked for.</summary>
    public static Problem? ReadLsn(HttpRequest request, out NpgsqlLogSequenceNumber? after)
    {
        after = null;
        if (request.Headers[LsnHeader] is not [{ Length: > 0 } text]) return null;
        if (!NpgsqlLogSequenceNumber.TryParse(text, out var position))
            return Problem.Malformed($"{LsnHeader} must be a position as an answer gave it, like 0/16B3748.");
        after = position;
        return null;
    }

    public static Problem? ReadDeadline(HttpRequest request, DateTimeOffset now, out DateTimeOffset deadline)
    {
        deadline = now + DefaultDeadline;
        if (request.Headers[DeadlineHeader] is not [{ Length: > 0 } text]) return null;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            || milliseconds is < 1 or > MaxDeadlineMs)
            return Problem.Malformed($"{DeadlineHeader} must be a whole number of milliseconds from 1 to {MaxDeadlineMs}.");
        deadline = now + TimeSpan.FromMilliseconds(milliseconds);
        return null;
    }

    /// <param name="cursor">The key of the last row of the page before, which is what our cursors are.</param>
    public static Problem? ReadPage(int? limit, string? cursor, out int size, out long before)
    {
        size = limit ?? ApiLimits.PageSize;
        before = long.MaxValue;
        if (size is < 1 or > ApiLimits.MaxPageSize) return Problem.Malformed($"limit must be from 1 to {ApiLimits.MaxPageSize}.");
        if (cursor is null) return null;
        return long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before) ? null : BadCursor;
    }

    /// <summary>Cuts a page off rows that were read with one more than its size.</summary>
    public static (IReadOnlyList<T> Rows, string? Next) Cut<T>(List<T> rows, int size, Func<T, long> key)
    {
        if (rows.Count <= size) return (rows, null);
        rows.RemoveRange(size, rows.Count - size);
        return (rows, key(rows[^1]).ToString(CultureInfo.InvariantCulture));
    }
}
