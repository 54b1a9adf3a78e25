using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Private, so a connection gets only those of its authenticated owner, who follows them with the orders. Nothing is replayed: an owner who
/// is notified of a gap reads what leaves. Only the feed's loop uses it.
/// </summary>
public sealed class WithdrawalFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private (long Epoch, long Sequence) _known;

    public void Take(WithdrawalsMessage message)
    {
        var place = (message.Epoch, message.Sequence);
        // A repeated position has no withdrawals.
        if (place == _known && message.Withdrawals.Count == 0)
            return;
        if (message.Epoch < _known.Epoch || place == _known)
        {
            metrics.Stale(Channels.Withdrawals);
            return;
        }

        // As with trade states: the first message on this node cannot reveal a gap before it, another epoch is one, and a number that goes
        // back was false before.
        var isBack = message.Epoch == _known.Epoch && message.Sequence < _known.Sequence;
        var isGap = isBack || _known != default && (message.Epoch != _known.Epoch || message.Previous > _known.Sequence);
        _known = place;
        if (isGap)
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

        if (isGap)
            clients.Announce(HubEvents.Withdrawals, 0, ContinuityStates.Restored);
    }

    /// <summary>The journal was restored to an earlier point, so messages of its lower terms must be accepted again.</summary>
    public void Lower(long epoch)
    {
        if (_known.Epoch > epoch)
            _known = default;
    }
}
