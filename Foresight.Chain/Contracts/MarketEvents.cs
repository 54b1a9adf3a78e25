using Foresight.Chain.Abi;
using Foresight.Chain.Rpc;

namespace Foresight.Chain.Contracts;

public static class MarketEvents
{
    public static readonly AbiEvent TradeSettled = ContractArtifact.Market.Event("TradeSettled");
    public static readonly AbiEvent SettlementFailed = ContractArtifact.Market.Event("SettlementFailed");

    public static readonly AbiEvent OrderFilled = ContractArtifact.Market.Event("OrderFilled");

    public static readonly AbiEvent SaltCancelled = ContractArtifact.Market.Event("SaltCancelled");
    public static readonly AbiEvent SetsMinted = ContractArtifact.Market.Event("SetsMinted");
    public static readonly AbiEvent SetsMerged = ContractArtifact.Market.Event("SetsMerged");
    public static readonly AbiEvent Redeemed = ContractArtifact.Market.Event("Redeemed");
    public static readonly AbiEvent Resolved = ContractArtifact.Market.Event("Resolved");
    public static readonly AbiEvent Invalidated = ContractArtifact.Market.Event("Invalidated");
    public static readonly AbiEvent PausedSet = ContractArtifact.Market.Event("PausedSet");
    public static readonly AbiEvent VaultUsed = ContractArtifact.Market.Event("VaultUsed");
    public static readonly AbiEvent DecisionAnnounced = ContractArtifact.Market.Event("DecisionAnnounced");

    public static IReadOnlyList<Hash32> Topics { get; } =
    [
        TradeSettled.Topic,
        SettlementFailed.Topic,
        OrderFilled.Topic,
        SaltCancelled.Topic,
        SetsMinted.Topic,
        SetsMerged.Topic,
        Redeemed.Topic,
        Resolved.Topic,
        Invalidated.Topic,
        PausedSet.Topic,
        VaultUsed.Topic,
        DecisionAnnounced.Topic,
    ];

    /// <summary>
    /// Null if the log is none of these events. The caller must have checked that <see cref="EventLog.Address"/> is a known market, because
    /// any contract can emit the same topics.
    /// </summary>
    /// <exception cref="FormatException">One of these events, but with malformed data.</exception>
    public static MarketEvent? TryDecode(EventLog log)
    {
        if (log.Topics.Count == 0)
            return null;
        var at = new EventLogPosition(log.Address, log.BlockNumber, log.BlockHash, log.TransactionHash, log.Index);
        if (OrderFilled.Matches(log))
        {
            var e = OrderFilled.Decode(log);
            return new MarketEvent.OrderFilled(
                at,
                e.Hash("orderHash"),
                e.Address("maker"),
                e.Integer("tradeId"),
                e.Integer("outcomeIndex"),
                e.Bool("isBuy"),
                e.Integer("price"),
                e.Integer("amount")
            );
        }

        if (TradeSettled.Matches(log))
        {
            var e = TradeSettled.Decode(log);
            return new MarketEvent.TradeSettled(at, e.Integer("tradeId"), (SettlementKind)(byte)e.Integer("kind"), e.Integer("amount"));
        }

        if (SettlementFailed.Matches(log))
        {
            var e = SettlementFailed.Decode(log);
            return new MarketEvent.SettlementFailed(at, e.Integer("tradeId"), e.Bytes("reason"));
        }

        if (SaltCancelled.Matches(log))
        {
            var e = SaltCancelled.Decode(log);
            return new MarketEvent.SaltCancelled(at, e.Address("maker"), e.Integer("salt"), e.Address("by"));
        }

        if (SetsMinted.Matches(log))
        {
            var e = SetsMinted.Decode(log);
            return new MarketEvent.SetsMinted(at, e.Address("account"), e.Integer("amount"));
        }

        if (SetsMerged.Matches(log))
        {
            var e = SetsMerged.Decode(log);
            return new MarketEvent.SetsMerged(at, e.Address("account"), e.Integer("amount"));
        }

        if (Redeemed.Matches(log))
        {
            var e = Redeemed.Decode(log);
            return new MarketEvent.Redeemed(
                at,
                e.Address("account"),
                e.Integer("outcomeIndex"),
                e.Integer("amount"),
                e.Integer("paid"),
                e.Integer("fee")
            );
        }

        if (VaultUsed.Matches(log))
        {
            var e = VaultUsed.Decode(log);
            return new MarketEvent.VaultUsed(at, e.Integer("tradeId"), e.Integer("legs"));
        }

        if (DecisionAnnounced.Matches(log))
            return new MarketEvent.DecisionAnnounced(at, (long)DecisionAnnounced.Decode(log).Integer("readyTime"));
        if (Resolved.Matches(log))
            return new MarketEvent.Resolved(at, Resolved.Decode(log).Integer("outcomeIndex"));
        if (Invalidated.Matches(log))
            return new MarketEvent.Invalidated(at);
        return PausedSet.Matches(log) ? new MarketEvent.PausedSet(at, PausedSet.Decode(log).Bool("paused")) : null;
    }
}
