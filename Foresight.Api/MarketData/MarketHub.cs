using System.Globalization;
using Foresight.Api.Markets;
using Foresight.Api.Orders;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Microsoft.AspNetCore.SignalR;

namespace Foresight.Api.MarketData;

/// <summary>
/// The events are in docs/market-data.md. The text of a refusal contains its problem code, because SignalR passes on nothing else
/// of an exception.
/// </summary>
public sealed class MarketHub(MarketFeed feed, MarketCatalog markets, TimeProvider clock) : Hub
{
    /// <summary>
    /// A captured proof of ownership can be replayed for this long, so it is bounded; it also allows for clocks that differ.
    /// </summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(5);

    public async Task Subscribe(string topic, int marketId) => await FollowAsync(topic, marketId, from: null);

    /// <summary>
    /// Works on any node, because positions are the journal's. Continues with a snapshot if the changes since then are no longer kept.
    /// </summary>
    public async Task Resume(string topic, int marketId, long epoch, long sequence) =>
        await FollowAsync(topic, marketId, (epoch, sequence));

    public async Task Unsubscribe(string topic, int marketId)
    {
        CheckTopic(topic, marketId, isResumed: false);
        await feed.UnsubscribeAsync(Client(), new Subscription(topic, marketId));
    }

    /// <param name="signature">
    /// EIP-191 personal_sign over three lines: "Foresight orders", the address in lower case, and the seconds.
    /// </param>
    public async Task SubscribeOrders(string address, long issuedAtUnixSeconds, string signature)
    {
        if (!Address.TryParse(address, out var owner))
            throw new HubException("malformed_request: address must be 0x and 40 hexadecimal digits.");
        if (!OrderRules.TryReadHex(signature, out var bytes))
            throw new HubException("malformed_request: signature must be 0x and hexadecimal digits.");
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (Math.Abs((decimal)now - issuedAtUnixSeconds) > (decimal)FreshFor.TotalSeconds)
            throw new HubException(
                $"unauthorized: the proof was issued at {issuedAtUnixSeconds}; it is {now} now, and 5 minutes are allowed."
            );
        var text = string.Create(CultureInfo.InvariantCulture, $"Foresight orders\n{owner.ToLowerHex()}\n{issuedAtUnixSeconds}");
        if (PersonalMessage.Recover(text, bytes, out var signer) != SignatureFault.None || signer != owner || owner.IsZero)
            throw new HubException("unauthorized: the signature is not the owner's over the text of docs/market-data.md.");
        await AskAsync(new Subscription(HubEvents.Orders, 0, owner.ToLowerHex()), from: null);
    }

    public async Task UnsubscribeOrders(string address)
    {
        if (!Address.TryParse(address, out var owner))
            throw new HubException("malformed_request: address must be 0x and 40 hexadecimal digits.");
        await feed.UnsubscribeAsync(Client(), new Subscription(HubEvents.Orders, 0, owner.ToLowerHex()));
    }

    private async Task FollowAsync(string topic, int marketId, (long Epoch, long Sequence)? from)
    {
        CheckTopic(topic, marketId, isResumed: from is not null);
        if (!NoticeTopics.All.Contains(topic) && await markets.FindAsync(marketId, Context.ConnectionAborted) is null)
            throw new HubException($"invalid_market: no market has the id {marketId}.");
        await AskAsync(new Subscription(topic, marketId), from);
    }

    private async Task AskAsync(Subscription subscription, (long Epoch, long Sequence)? from)
    {
        switch (await feed.SubscribeAsync(Client(), subscription, from))
        {
            case null:
                return;
            case "too_many_subscriptions":
                throw new HubException($"too_many_subscriptions: a connection may follow {HubClient.MaxSubscriptions} topics.");
            default:
                throw new HubException("unavailable: this node cannot serve it yet; try again.");
        }
    }

    private HubClient Client() =>
        Context.Items[typeof(HubClient)] as HubClient ?? throw new HubException("unavailable: the connection is closing.");

    private static void CheckTopic(string topic, int marketId, bool isResumed)
    {
        var isPublic = NoticeTopics.All.Contains(topic);
        if (!isPublic && topic is not (HubEvents.Depth or HubEvents.Trades or HubEvents.Stats))
            throw new HubException(
                "malformed_request: topic must be depth, trades, stats, cluster, chain, markets or notices; "
                    + "for orders call SubscribeOrders."
            );
        if (isPublic && marketId != 0)
            throw new HubException($"malformed_request: {topic} belongs to no market; its market id must be 0.");
        if (isPublic && isResumed)
            throw new HubException($"malformed_request: {topic} has no positions to resume from; use Subscribe.");
    }
}
