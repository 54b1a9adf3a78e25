namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Says how old a replica's data is, from what the primary's position was when. The replica is not asked: one whose receiver is frozen
/// believes that it is up to date. Not thread-safe.
/// </summary>
public sealed class ReplicaLag
{
    /// <summary>An hour of checks at one each second; older positions make a replica's age at least this much anyway.</summary>
    private const int MaxPositions = 3_600;

    private readonly Queue<(ulong Position, DateTimeOffset At)> _positions = new();

    /// <param name="position">Bytes of write-ahead log that the primary had written at <paramref name="at"/>.</param>
    public void Primary(ulong position, DateTimeOffset at)
    {
        _positions.Enqueue((position, at));
        while (_positions.Count > MaxPositions)
            _positions.Dequeue();
    }

    /// <summary>
    /// How long ago the primary first had something that the replica has not replayed; zero if it has replayed everything.
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
