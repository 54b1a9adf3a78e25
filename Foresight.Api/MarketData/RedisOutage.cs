using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Tracks an outage of Redis and notifies clients if it lasts. For books <see cref="BookFeed"/> does so, because it restores them from the
/// journal. Only the feed's loop writes.
/// </summary>
public sealed class RedisOutage(ClientRegistry clients)
{
    /// <summary>Seconds without Redis until clients are notified; the requirement is 2 s.</summary>
    private const int TicksBeforeAnnounced = 1;

    /// <summary>Missed order updates are not sent again: on "restored" an owner must read its orders.</summary>
    private static readonly string[] RestoredAtOnce = [HubEvents.Stats, HubEvents.Orders, HubEvents.TradeState];

    private volatile bool _isActive;
    private int _ticks;
    private bool _isAnnounced;

    /// <summary>Volatile: any thread may read it.</summary>
    public bool IsActive => _isActive;

    /// <summary>False if an outage is in progress already.</summary>
    public bool Begin()
    {
        if (_isActive)
            return false;
        (_ticks, _isActive) = (0, true);
        return true;
    }

    public void Tick()
    {
        if (_ticks++ < TicksBeforeAnnounced || _isAnnounced)
            return;
        _isAnnounced = true;
        clients.Announce(HubEvents.Trades, 0, ContinuityStates.Lost);
        foreach (var topic in RestoredAtOnce)
            clients.Announce(topic, 0, ContinuityStates.Lost);
    }

    public void End() => _isActive = false;

    /// <summary>Trades are complete again only when the gap has been read; the other streams are at once.</summary>
    public void AnnounceEnd()
    {
        if (!_isAnnounced)
            return;
        _isAnnounced = false;
        foreach (var topic in RestoredAtOnce)
            clients.Announce(topic, 0, ContinuityStates.Restored);
    }
}
