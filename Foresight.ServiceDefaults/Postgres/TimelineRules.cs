namespace Foresight.ServiceDefaults.Postgres;

public enum TimelineVerdict
{
    Accepted,

    Newer,

    /// <summary>Another server was promoted since, and this one's history ended there.</summary>
    Old,

    /// <summary>Of a different initdb, which no promotion can lead to.</summary>
    Foreign,
}

/// <summary>Pure, so that every case can be tested without servers.</summary>
public static class TimelineRules
{
    /// <param name="system">System identifier of this cluster's database; null until the first server is accepted.</param>
    /// <param name="newest">The highest known number of the seen server's system; null if none is known.</param>
    public static TimelineVerdict Judge(long? system, uint? newest, Timeline seen)
    {
        if (system is { } ours && ours != seen.System)
            return TimelineVerdict.Foreign;
        if (newest is not { } known || seen.Number > known)
            return TimelineVerdict.Newer;
        return seen.Number < known ? TimelineVerdict.Old : TimelineVerdict.Accepted;
    }
}
