namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Computes the age of a replica's data from the history of the primary's positions. The replica's own opinion is not used: one whose
/// receiver is frozen believes that it is up to date. Not thread-safe.
/// </summary>
public sealed class ReplicaLag
{
    /// <summary>One hour of checks at one per second; a replica behind the oldest position is at least that old anyway.</summary>
    private const int MaxPositions = 3_600;

    private readonly Queue<(ulong Position, DateTimeOffset At)> _positions = new();

    /// <param name="position">Bytes of WAL that the primary had written at <paramref name="at"/>.</param>
    public void Primary(ulong position, DateTimeOffset at)
    {
        _positions.Enqueue((position, at));
        while (_positions.Count > MaxPositions)
            _positions.Dequeue();
    }

    /// <summary>
    /// Returns how long ago the primary first had data that the replica has not replayed; zero if it has replayed everything.
    /// </summary>
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
