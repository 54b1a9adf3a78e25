using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Settlement states of trades, for the followers of a market's trades. Nothing is replayed: a state is absolute, and a client that is
/// notified of a gap reads the trades that it shows. Only the feed's loop uses it.
/// </summary>
public sealed class TradeStateFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, (long Epoch, long Sequence)> _known = [];

    public void Take(TradeStatesMessage message)
    {
        // Comes from a repair, which has no sequence number.
        if (message.Sequence == 0)
        {
            Send(message);
            return;
        }

        var known = _known.GetValueOrDefault(message.Market);
        if ((message.Epoch, message.Sequence).CompareTo(known) <= 0)
        {
            metrics.Stale(Channels.TradeStates);
            return;
        }

        _known[message.Market] = (message.Epoch, message.Sequence);
        // The first message of a market on this node cannot reveal a gap before it.
        var isGap = known != default && message.Previous > (message.Epoch == known.Epoch ? known.Sequence : 0);
        if (isGap)
        {
            metrics.Gap(Channels.TradeStates);
            clients.Announce(HubEvents.TradeState, message.Market, ContinuityStates.Lost);
        }

        Send(message);
        if (isGap)
            clients.Announce(HubEvents.TradeState, message.Market, ContinuityStates.Restored);
    }

    private void Send(TradeStatesMessage message) =>
        clients.Send(
            new Subscription(HubEvents.Trades, message.Market),
            SharedMessage.Of(HubEvents.TradeState, message, metrics.Delivered)
        );
}
