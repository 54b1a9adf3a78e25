using System.Globalization;

namespace Foresight.Matching.Gateway;

/// <summary>
/// The process may have a lower limit than the machine, and other processes may use the machine, so the lesser of both idle times counts.
/// The second is known on Linux only.
/// </summary>
internal class IdleCores(TimeProvider clock)
{
    private const string SystemTimes = "/proc/stat";

    /// <summary>Unit of the times in /proc/stat, the same on every Linux: USER_HZ.</summary>
    private const double TicksPerSecond = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private long _at = clock.GetTimestamp();
    private double _busy = ProcessSeconds();
    private double? _free = SystemSeconds();

    /// <summary>False if the last measurement is too recent to mean anything. Not for concurrent use.</summary>
    public virtual bool TryMeasure(out double cores)
    {
        cores = 0;
        var elapsed = clock.GetElapsedTime(_at).TotalSeconds;
        if (elapsed < Interval.TotalSeconds)
            return false;
        var (busy, free) = (ProcessSeconds(), SystemSeconds());
        cores = Environment.ProcessorCount - ((busy - _busy) / elapsed);
        if (free is { } now && _free is { } before)
            cores = Math.Min(cores, (now - before) / elapsed);
        (_at, _busy, _free) = (clock.GetTimestamp(), busy, free);
        return true;
    }

    private static double ProcessSeconds() => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>
    /// Idle time of all cores since the machine started, including waits for disks, during which a core could check signatures. Null if it
    /// cannot be read.
    /// </summary>
    private static double? SystemSeconds()
    {
        try
        {
            using var reader = new StreamReader(SystemTimes);
            // cpu user nice system idle iowait …
            return reader.ReadLine()?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["cpu", _, _, _, var idle, var waiting, ..]
                ? (double.Parse(idle, CultureInfo.InvariantCulture) + double.Parse(waiting, CultureInfo.InvariantCulture)) / TicksPerSecond
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException)
        {
            return null;
        }
    }
}
