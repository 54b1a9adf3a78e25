namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Measures a replica by the history of the primary's positions, and not by the replica's own opinion: one whose receiver is frozen
/// believes that it is up to date. Not thread-safe.
/// </summary>
public sealed class ReplicaLag
{
    /// <summary>One hour of checks at one per second; a replica behind the oldest position is at least that old anyway.</summary>
    private const int MaxPositions = 3_600;

    private readonly Queue<(ulong Position, DateTimeOffset At)> _positions = new();

    public void Primary(ulong position, DateTimeOffset at)
    {
        _positions.Enqueue((position, at));
        while (_positions.Count > MaxPositions)
            _positions.Dequeue();
    }

    public TimeSpan Of(ulong replayed, DateTimeOffset now)
    {
        foreach (var (position, at) in _positions)
        {
            if (position > replayed)
                return now > at ? now - at : TimeSpan.Zero;
        }

        return TimeSpan.Zero;
    }
}
