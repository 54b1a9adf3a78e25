using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// The way of trades through settlement. Who follows a market's trades gets it too. Nothing is replayed: a state is absolute, and a client
/// that is told of a gap asks for the trades that it shows. Only the feed's loop uses it.
/// </summary>
public sealed class TradeStateFeed(ClientRegistry clients, MarketDataMetrics metrics)
{
    private readonly Dictionary<int, (long Epoch, long Sequence)> _known = [];

    public void Take(TradeStatesMessage message)
    {
        // Of a repair, outside the numbers.
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
        // The first message that this node hears of a market says nothing of what was before.
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
