using Foresight.Protocol;

namespace Foresight.Api.Operations.History;

/// <param name="From">First moment of the first step.</param>
/// <param name="To">After the last step, which is still filling.</param>
public readonly record struct HistoryWindow(DateTime From, DateTime To, TimeSpan Step);

public static class HistoryRules
{
    public static HistoryWindow WindowOf(string range, DateTime now)
    {
        var step = LengthOf(range).Ticks / HistoryLimits.Points;
        var passed = (now - DateTime.UnixEpoch).Ticks / step;
        // The step that now lies in is the last of the range.
        var end = DateTime.UnixEpoch.AddTicks((passed + 1) * step);
        return new HistoryWindow(end.AddTicks(-HistoryLimits.Points * step), end, new TimeSpan(step));
    }

    private static TimeSpan LengthOf(string range) =>
        range switch
        {
            HistoryRanges.Hour => TimeSpan.FromHours(1),
            HistoryRanges.Hours6 => TimeSpan.FromHours(6),
            HistoryRanges.Day => TimeSpan.FromHours(24),
            _ => throw new ArgumentOutOfRangeException(nameof(range), range, "No range has this name."),
        };
}
