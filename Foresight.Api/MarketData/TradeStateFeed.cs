using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Nothing is replayed, because a state is absolute: a client that is notified of a gap reads the trades that it shows. Only the feed's
/// loop uses it.
/// </summary>
public sealed class TradeStateFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, (long Epoch, long Sequence)> _known = [];

    public void Take(TradeStatesMessage message)
    {
        // A repair has no sequence number, so it neither closes nor reveals a gap.
        if (message.Sequence == 0)
        {
            Send(message);
            return;
        }

        var known = _known.GetValueOrDefault(message.Market);
        // A repeated position has no trades.
        if ((message.Epoch, message.Sequence) == known && message.Trades.Count == 0)
            return;
        if (message.Epoch < known.Epoch || (message.Epoch, message.Sequence) == known)
        {
            metrics.Stale(Channels.TradeStates);
            return;
        }

        _known[message.Market] = (message.Epoch, message.Sequence);
        // The first message of a market on this node cannot reveal a gap before it. What a holder sent last may be lost with it, so another
        // epoch is a gap. A sender never sends a lower number after a higher one, so the higher one was false, and must not silence those
        // after it.
        var isBack = message.Epoch == known.Epoch && message.Sequence < known.Sequence;
        var isGap = isBack || known != default && (message.Epoch != known.Epoch || message.Previous > known.Sequence);
        if (isGap)
        {
            metrics.Gap(Channels.TradeStates);
            clients.Announce(HubEvents.TradeState, message.Market, ContinuityStates.Lost);
        }

        if (message.Trades.Count > 0)
            Send(message);
        if (isGap)
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
