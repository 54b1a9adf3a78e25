using System.Globalization;
using System.Text.RegularExpressions;

namespace Foresight.Console.Live;

/// <summary>Writes times in the zone that the operator chose: UTC, or that of the browser. Of the circuit.</summary>
public sealed partial class Times
{
    /// <summary>Longer than any name of the tz database.</summary>
    private const int MaxNameLength = 64;

    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    private TimeZoneInfo _zone = TimeZoneInfo.Utc;

    public bool IsUtc => _zone == TimeZoneInfo.Utc;

    /// <param name="name">Of the tz database, as "Europe/Berlin". Null, or one that this machine does not know: UTC.</param>
    public void Use(string? name) => _zone = Find(name) ?? TimeZoneInfo.Utc;

    /// <returns>
    /// Null if this machine has no zone of that name. The form is checked first, because zones are files under their names.
    /// </returns>
    public static TimeZoneInfo? Find(string? name) =>
        name is { Length: > 0 and <= MaxNameLength }
        && ZoneName().IsMatch(name)
        && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : null;

    /// <summary>As "UTC", "UTC+2" or "UTC-3:30": short names of zones mean several (IST), and change between summer and winter.</summary>
    public string ZoneOf(DateTimeOffset at)
    {
        var offset = _zone.GetUtcOffset(at);
        if (offset == TimeSpan.Zero)
            return "UTC";

        var minutes = offset.Minutes == 0 ? "" : $":{Math.Abs(offset.Minutes).ToString("00", Culture)}";
        return $"UTC{(offset < TimeSpan.Zero ? "-" : "+")}{Math.Abs(offset.Hours).ToString(Culture)}{minutes}";
    }

    /// <summary>What the zone adds to UTC at that moment.</summary>
    public TimeSpan OffsetOf(DateTimeOffset at) => _zone.GetUtcOffset(at);

    public string Clock(DateTimeOffset at) => Local(at).ToString("HH:mm:ss", Culture);

    public string ClockAndZone(DateTimeOffset at) => $"{Clock(at)} {ZoneOf(at)}";

    /// <summary>With as much of the date as is needed to distinguish it.</summary>
    public string Moment(DateTimeOffset at, DateTimeOffset now)
    {
        var (local, today) = (Local(at), Local(now));
        return local.ToString(
            local.Date == today.Date ? "HH:mm:ss"
                : local.Year == today.Year ? "d MMM HH:mm"
                : "d MMM yyyy",
            Culture
        );
    }

    /// <summary>To the millisecond, without its zone: for columns of times, of which the zone is named once.</summary>
    public string Exact(DateTimeOffset at) => Local(at).ToString("yyyy-MM-dd HH:mm:ss.fff", Culture);

    public string Full(DateTimeOffset at) => $"{Exact(at)} {ZoneOf(at)}";

    private DateTimeOffset Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, _zone);

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}\z")]
    private static partial Regex ZoneName();
}
