namespace Foresight.ServiceDefaults.Postgres;

public enum TimelineVerdict
{
    /// <summary>The newest that is known.</summary>
    Accepted,

    /// <summary>Newer than what was known: a standby was promoted.</summary>
    Newer,

    /// <summary>Another server was promoted since: this one's history ended there.</summary>
    Old,

    /// <summary>Of another initdb: no promotion leads from ours to it.</summary>
    Foreign,
}

/// <summary>Which of several servers that take writes is the primary. Pure.</summary>
public static class TimelineRules
{
    /// <param name="system">Of this process' database; null before the first server was accepted.</param>
    /// <param name="newest">The highest number of the seen one's system that is known; null if none is.</param>
    public static TimelineVerdict Judge(long? system, uint? newest, Timeline seen)
    {
        if (system is { } ours && ours != seen.System)
            return TimelineVerdict.Foreign;
        if (newest is not { } known || seen.Number > known)
            return TimelineVerdict.Newer;
        return seen.Number < known ? TimelineVerdict.Old : TimelineVerdict.Accepted;
    }
}
