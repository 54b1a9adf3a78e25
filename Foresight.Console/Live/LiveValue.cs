using Foresight.Protocol;

namespace Foresight.Console.Live;

public abstract class Freshness
{
    public DateTimeOffset? ReadAt { get; private set; }

    /// <summary>Time of the first failure in a row; null while reads succeed.</summary>
    public DateTimeOffset? FailingSince { get; private set; }

    public string? Failure { get; private set; }

    public bool HasValue => ReadAt is not null;

    public bool IsStale => Failure is not null;

    public void Fail(string reason, DateTimeOffset now)
    {
        FailingSince ??= now;
        Failure = reason;
    }

    protected void WasReadAt(DateTimeOffset? at) => ReadAt = at;

    protected void Succeeded(DateTimeOffset now)
    {
        ReadAt = now;
        FailingSince = null;
        Failure = null;
    }
}

/// <summary>Last value that was read. A failure keeps and marks it; it never becomes zero or empty, which would look like a fact.</summary>
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
/// Freshness of a part that comes from another source than the rest of the value, as reported by the node that reads the source.
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
