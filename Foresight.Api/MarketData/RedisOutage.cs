using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Does not notify the clients of books: <see cref="BookFeed"/> does, because it restores books from the journal. Only the
/// feed's loop writes.
/// </summary>
public sealed class RedisOutage(ClientRegistry clients)
{
    /// <summary>In ticks of a second without Redis; clients must be notified within 2 s.</summary>
    private const int TicksBeforeAnnounced = 1;

    /// <summary>Missed updates are not sent again: on "restored" an owner must read its orders and withdrawals.</summary>
    private static readonly string[] RestoredAtOnce = [HubEvents.Stats, HubEvents.Orders, HubEvents.TradeState, HubEvents.Withdrawals];

    private volatile bool _isActive;
    private int _ticks;
    private bool _isAnnounced;

    /// <summary>Volatile, because any thread may read it.</summary>
    public bool IsActive => _isActive;

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

    /// <summary>
    /// Some updates will not come, but the journal has them, so the followers of these streams have to read again what they show.
    /// </summary>
    public void AnnounceMissed()
    {
        foreach (var topic in RestoredAtOnce)
        {
            clients.Announce(topic, 0, ContinuityStates.Lost);
            clients.Announce(topic, 0, ContinuityStates.Restored);
        }
    }

    /// <summary>Trades are complete only when the gap has been read; the other streams are at once.</summary>
    public void AnnounceEnd()
    {
        if (!_isAnnounced)
            return;
        _isAnnounced = false;
        foreach (var topic in RestoredAtOnce)
            clients.Announce(topic, 0, ContinuityStates.Restored);
    }
}
