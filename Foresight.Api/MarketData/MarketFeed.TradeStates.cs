using Foresight.Contracts;

namespace Foresight.Api.MarketData;

// The way of trades through settlement. Who follows a market's trades gets it too. Nothing is replayed: a state is absolute, and a client
// that is told of a gap asks for the trades that it shows.
public sealed partial class MarketFeed
{
    private readonly Dictionary<int, (long Epoch, long Sequence)> tradeStates = [];

    private void OnTradeStates(TradeStatesMessage message)
    {
        if (!streams.ContainsKey(message.Market)) return;
        var followers = subscribers.Of(new Subscription(HubEvents.Trades, message.Market));
        if (message.Sequence == 0)
        {
            SendToAll(followers, SharedMessage.Of(HubEvents.TradeState, message, metrics.Delivered));
            return;
        }

        var known = tradeStates.GetValueOrDefault(message.Market);
        if ((message.Epoch, message.Sequence).CompareTo(known) <= 0)
        {
            metrics.Stale(Channels.TradeStates);
            return;
        }

        tradeStates[message.Market] = (message.Epoch, message.Sequence);
        // The first message that this node hears of a market says nothing of what was before.
        var isGap = known != default && message.Previous > (message.Epoch == known.Epoch ? known.Sequence : 0);
        if (isGap)
        {
            metrics.Gap(Channels.TradeStates);
            SayTradeStates(followers, message.Market, "lost");
        }

        SendToAll(followers, SharedMessage.Of(HubEvents.TradeState, message, metrics.Delivered));
        if (isGap) SayTradeStates(followers, message.Market, "restored");
    }

    private static void SayTradeStates(IEnumerable<HubClient> followers, int market, string state)
    {
        var notice = SharedMessage.Of(HubEvents.Continuity, new ContinuityMessage(HubEvents.TradeState, market, state));
        foreach (var client in followers) client.Outbox.Queue(notice);
    }
}
