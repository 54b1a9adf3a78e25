using Foresight.Protocol;

namespace Foresight.Console.Live;

/// <summary>How current a shown value is. A tile needs no more to say "stale since".</summary>
public abstract class Freshness
{
    /// <summary>When the value was read last; null before the first time.</summary>
    public DateTimeOffset? ReadAt { get; private set; }

    /// <summary>Since when reading fails; null while it works.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    /// <summary>Why it fails, for people.</summary>
    public string? Failure { get; private set; }

    public bool HasValue => ReadAt is not null;

    /// <summary>True while what is shown is not known to be so any more.</summary>
    public bool IsStale => Failure is not null;

    public void Fail(string reason, DateTimeOffset now)
    {
        FailingSince ??= now;
        Failure = reason;
    }

    /// <summary>By somebody else, before it failed; null: never.</summary>
    protected void WasReadAt(DateTimeOffset? at) => ReadAt = at;

    protected void Succeeded(DateTimeOffset now)
    {
        ReadAt = now;
        FailingSince = null;
        Failure = null;
    }
}

/// <summary>The last value that was read. A failure keeps it, and says since when it is old; it never becomes zero or empty.</summary>
public sealed class LiveValue<T> : Freshness
    where T : class
{
    public T? Value { get; private set; }

    public void Set(T value, DateTimeOffset now)
    {
        Value = value;
        Succeeded(now);
    }
}

/// <summary>
/// How current a part of a value is that has another source than the rest of it, by the word of the node that reads that source.
/// </summary>
public sealed class SourceFreshness(string name) : Freshness
{
    public void Take(SourceView? source, DateTimeOffset now)
    {
        // A node that does not tell it is of an older version, which refuses the whole when it cannot read a part.
        if (source is null or { State: SourceView.Up })
        {
            Succeeded(now);
            return;
        }

        WasReadAt(source.ReadAt);
        Fail($"{name} does not answer.", now);
    }
}
