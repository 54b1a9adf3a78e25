namespace Foresight.ServiceDefaults.Telemetry;

/// <summary>An outsider can cause some log lines at any rate, so they are bounded. Thread-safe.</summary>
public sealed class ReportPause(TimeProvider clock)
{
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long? _reportedAt;
    private int _unreported;

    /// <param name="others">Occurrences since the last line, without this one, so that no line hides how many there were.</param>
    public bool IsDue(out int others)
    {
        lock (_gate)
        {
            if (_reportedAt is { } last && clock.GetElapsedTime(last) < Length)
            {
                others = ++_unreported;
                return false;
            }

            (_reportedAt, others, _unreported) = (clock.GetTimestamp(), _unreported, 0);
            return true;
        }
    }
}
