using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// The time during which nothing comes over Redis. Clients are told of one that lasts; of books by <see cref="BookFeed"/>, which reads them
/// from the journal. Only the feed's loop writes.
/// </summary>
public sealed class RedisOutage(ClientRegistry clients)
{
    /// <summary>Seconds without Redis after which clients are told, which must be within 2 s.</summary>
    private const int TicksBeforeAnnounced = 1;

    /// <summary>What an owner missed of its orders is not sent again: "restored" tells it to ask for them.</summary>
    private static readonly string[] RestoredAtOnce = [HubEvents.Stats, HubEvents.Orders, HubEvents.TradeState];

    private volatile bool _isActive;
    private int _ticks;
    private bool _isAnnounced;

    /// <summary>May be read by any thread.</summary>
    public bool IsActive => _isActive;

    /// <summary>False if it has begun before.</summary>
    public bool Begin()
    {
        if (_isActive)
            return false;
        (_ticks, _isActive) = (0, true);
        return true;
    }

    /// <summary>A second more of it.</summary>
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

    /// <summary>Trades are whole again when what was missed is read; the others are at once.</summary>
    public void AnnounceEnd()
    {
        if (!_isAnnounced)
            return;
        _isAnnounced = false;
        foreach (var topic in RestoredAtOnce)
            clients.Announce(topic, 0, ContinuityStates.Restored);
    }
}
