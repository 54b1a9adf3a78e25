using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Nothing is replayed, because a state is absolute: a client that is notified of a gap reads the trades that it shows. Only the feed's
/// loop uses it.
/// </summary>
public sealed class TradeStateFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, SeriesPlace> _known = [];

    public void Take(TradeStatesMessage message)
    {
        // A repair has no sequence number, so it neither closes nor reveals a gap.
        if (message.Sequence == 0)
        {
            Send(message);
            return;
        }

        var place = new SeriesPlace(message.Epoch, message.Sequence);
        var arrival = _known.GetValueOrDefault(message.Market).ArrivalOf(place, message.Previous, message.Trades.Count == 0);
        if (arrival == Arrival.Stale)
            metrics.Stale(Channels.TradeStates);
        if (arrival is Arrival.Known or Arrival.Stale)
            return;

        _known[message.Market] = place;
        if (arrival == Arrival.AfterGap)
        {
            metrics.Gap(Channels.TradeStates);
            clients.Announce(HubEvents.TradeState, message.Market, ContinuityStates.Lost);
        }

        if (message.Trades.Count > 0)
            Send(message);
        if (arrival == Arrival.AfterGap)
            clients.Announce(HubEvents.TradeState, message.Market, ContinuityStates.Restored);
    }

    /// <summary>The journal was restored to an earlier point, so messages of its lower terms must be accepted again.</summary>
    public void Lower(long epoch)
    {
        foreach (var (market, known) in _known)
            if (known.Epoch > epoch)
                _known.Remove(market);
    }

    private void Send(TradeStatesMessage message) =>
        clients.Send(
            new Subscription(HubEvents.Trades, message.Market),
            SharedMessage.Of(HubEvents.TradeState, message, metrics.Delivered)
        );
}
