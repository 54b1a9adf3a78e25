using Foresight.Cluster;

namespace Foresight.Api.MarketData;

/// <summary>
/// Counts the messages of the backplane that do not go on. A reason is logged at most once a minute, with the number of those in between:
/// one line for each message would fill a disk.
/// </summary>
public sealed partial class DroppedNotices(NoticeMetrics metrics, TimeProvider clock, ILogger<DroppedNotices> logger)
{
    private static readonly TimeSpan LogPause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long? _loggedAt;
    private int _notLogged;

    public void CountFlood() => metrics.Dropped("flood");

    public void ReportUnknown(string reason)
    {
        metrics.Dropped("unknown");
        int others;
        lock (_gate)
        {
            if (_loggedAt is { } last && clock.GetElapsedTime(last) < LogPause)
            {
                _notLogged++;
                return;
            }

            (_loggedAt, others, _notLogged) = (clock.GetTimestamp(), _notLogged, 0);
        }

        Log.NotUnderstood(logger, reason, others);
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Dropped invalid message from the backplane: {Reason} {Others} more were dropped since the last report "
                + "(at most one report a minute)."
        )]
        public static partial void NotUnderstood(ILogger logger, string reason, int others);
    }
}
