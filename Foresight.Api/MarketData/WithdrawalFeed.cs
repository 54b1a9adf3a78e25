using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Private, so a connection gets only those of its authenticated owner, who follows them with the orders. Nothing is replayed: an owner who
/// is notified of a gap reads what leaves. Only the feed's loop uses it.
/// </summary>
public sealed class WithdrawalFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private SeriesPlace _known;

    public void Take(WithdrawalsMessage message)
    {
        var place = new SeriesPlace(message.Epoch, message.Sequence);
        var arrival = _known.ArrivalOf(place, message.Previous, message.Withdrawals.Count == 0);
        if (arrival == Arrival.Stale)
            metrics.Stale(Channels.Withdrawals);
        if (arrival is Arrival.Known or Arrival.Stale)
            return;

        _known = place;
        if (arrival == Arrival.AfterGap)
        {
            metrics.Gap(Channels.Withdrawals);
            clients.Announce(HubEvents.Withdrawals, 0, ContinuityStates.Lost);
        }

        foreach (var own in message.Withdrawals.GroupBy(update => update.Account.ToLowerInvariant()))
        {
            var followers = clients.Of(new Subscription(HubEvents.Orders, 0, own.Key));
            if (followers.Count > 0)
                ClientRegistry.Send(
                    followers,
                    SharedMessage.Of(HubEvents.Withdrawals, message with { Withdrawals = [.. own], Previous = 0 }, metrics.Delivered)
                );
        }

        if (arrival == Arrival.AfterGap)
            clients.Announce(HubEvents.Withdrawals, 0, ContinuityStates.Restored);
    }

    /// <summary>The journal was restored to an earlier point, so messages of its lower terms must be accepted again.</summary>
    public void Lower(long epoch)
    {
        if (_known.Epoch > epoch)
            _known = default;
    }
}
