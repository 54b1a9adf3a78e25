using Foresight.Protocol;

namespace Foresight.Console.Live;

public abstract class Freshness
{
    public DateTimeOffset? ReadAt { get; private set; }

    public DateTimeOffset? FailingSince { get; private set; }

    public string? Failure { get; private set; }

    /// <summary>HTTP status with which the Api refused the last question; null if it answered, or could not.</summary>
    public int? RefusedWith { get; private set; }

    public bool HasValue => ReadAt is not null;

    public bool IsStale => Failure is not null;

    /// <summary>
    /// The question is wrong, or about what does not exist. No outage, so the reason is shown in place of the value and not as its age; a
    /// limit or a conflict passes by itself, and is a failure like others.
    /// </summary>
    public bool IsRefused => RefusedWith is 400 or 404 or 422;

    public void Fail(string reason, DateTimeOffset now, int? refusedWith = null)
    {
        FailingSince ??= now;
        Failure = reason;
        RefusedWith = refusedWith;
    }

    protected void WasReadAt(DateTimeOffset? at) => ReadAt = at;

    protected void Succeeded(DateTimeOffset now)
    {
        ReadAt = now;
        ClearFailure();
    }

    protected void ClearFailure()
    {
        FailingSince = null;
        Failure = null;
        RefusedWith = null;
    }
}

/// <summary>A failure keeps and marks the value; it never becomes zero or empty, which would look like a fact.</summary>
public sealed class LiveValue<T> : Freshness
    where T : class
{
    public T? Value { get; private set; }

    public void Set(T value, DateTimeOffset now)
    {
        Value = value;
        Succeeded(now);
    }

    /// <summary>As before the first reading: what is shown next is another thing.</summary>
    public void Forget()
    {
        Value = null;
        WasReadAt(null);
        ClearFailure();
    }
}

/// <summary>What the holder of settlement reports: read from Postgres, where it stays when the holder falls silent.</summary>
public sealed class ReportFreshness : Freshness
{
    /// <param name="why">Null while the report is up to date.</param>
    /// <param name="asOf">When it was last so.</param>
    public void Take(string? why, DateTimeOffset? asOf, DateTimeOffset now)
    {
        if (why is null)
        {
            Succeeded(now);
            return;
        }

        WasReadAt(asOf ?? now);
        Fail(why, now);
    }
}

/// <summary>
/// A part that comes from another source than the rest of the value can be stale alone, so it has a freshness of its own.
/// </summary>
public sealed class SourceFreshness(string name) : Freshness
{
    public void Take(SourceView? source, DateTimeOffset now)
    {
        // An older node omits the source's state; it fails the whole request if a part cannot be read.
        if (source is null or { State: SourceView.Up })
        {
            Succeeded(now);
            return;
        }

        WasReadAt(source.ReadAt);
        Fail($"{name} does not answer.", now);
    }
}
