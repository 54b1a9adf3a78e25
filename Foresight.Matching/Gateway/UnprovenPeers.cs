namespace Foresight.Matching.Gateway;

/// <summary>
/// The peers in a handshake, of which there is a limit. At the limit the oldest is dropped for the newest: an honest handshake takes
/// milliseconds, so it is the oldest only while the whole table is refilled within that time. Refusing the newest would let a few idle
/// peers keep every node out. Safe for concurrent use.
/// </summary>
internal sealed class UnprovenPeers(int maximum)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Action> _drops = new();

    /// <param name="drop">Closes this peer's connection; called at most once, when it has to make room for a later one.</param>
    /// <returns>The peer's place, with which it leaves.</returns>
    public LinkedListNode<Action> Enter(Action drop)
    {
        LinkedListNode<Action> place;
        Action? dropOldest = null;
        lock (_gate)
        {
            if (_drops.Count >= maximum)
            {
                dropOldest = _drops.First!.Value;
                _drops.RemoveFirst();
            }

            place = _drops.AddLast(drop);
        }

        dropOldest?.Invoke();
        return place;
    }

    /// <summary>Has no effect on a peer that has left already, or was dropped.</summary>
    public void Leave(LinkedListNode<Action> place)
    {
        lock (_gate)
            if (place.List is not null)
                _drops.Remove(place);
    }
}
