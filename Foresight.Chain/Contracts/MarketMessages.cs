using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>Values match the enums of the market contract and of the matching engine.</summary>
public enum SettlementKind : byte
{
    Direct = 0,
    Mint = 1,
    Merge = 2,
}

/// <param name="Amount">In 10^-18 shares; equal in all legs of a match.</param>
/// <param name="Price">Micro-USDC per share.</param>
public sealed record MarketLeg(OrderMessage Order, byte[] Signature, BigInteger Amount, BigInteger Price) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [Order, Signature, Amount, Price];
}

/// <summary>
/// One trade to settle: a buy and a sell of one outcome, a buy of every outcome (mint), or a sell of every outcome (merge).
/// </summary>
/// <param name="TradeId">Above zero and unique within the market.</param>
public sealed record MarketMatch(BigInteger TradeId, IReadOnlyList<MarketLeg> Legs) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [TradeId, Legs];
}

/// <summary>Redemption fee, fixed when a market is created.</summary>
/// <param name="FeeBps">Fee in basis points of the payout, at most 500.</param>
/// <param name="ProtocolShareBps">Share of the fee in basis points; the rest goes to <paramref name="Liquidity"/>.</param>
public sealed record FeeTerms(int FeeBps, int ProtocolShareBps, Address Protocol, Address Liquidity) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [FeeBps, ProtocolShareBps, Protocol, Liquidity];

    public static FeeTerms None { get; } = new(0, 0, Address.Zero, Address.Zero);
}

public abstract record MarketEvent(EventLogPosition Position)
{
    public sealed record TradeSettled(EventLogPosition Position, BigInteger TradeId, SettlementKind Kind, BigInteger Amount)
        : MarketEvent(Position);

    /// <param name="Reason">Revert data of the match, which <see cref="SettlementFailure"/> decodes.</param>
    public sealed record SettlementFailed(EventLogPosition Position, BigInteger TradeId, byte[] Reason) : MarketEvent(Position);

    /// <param name="TradeId">Zero if the fill did not come from the operator, but through fillOrderSigned.</param>
    public sealed record OrderFilled(
        EventLogPosition Position,
        Hash32 OrderHash,
        Address Maker,
        BigInteger TradeId,
        BigInteger OutcomeIndex,
        bool IsBuy,
        BigInteger Price,
        BigInteger Amount
    ) : MarketEvent(Position);

    public sealed record SaltCancelled(EventLogPosition Position, Address Maker, BigInteger Salt) : MarketEvent(Position);

    public sealed record SetsMinted(EventLogPosition Position, Address Account, BigInteger Amount) : MarketEvent(Position);

    public sealed record SetsMerged(EventLogPosition Position, Address Account, BigInteger Amount) : MarketEvent(Position);

    public sealed record Redeemed(
        EventLogPosition Position,
        Address Account,
        BigInteger OutcomeIndex,
        BigInteger Amount,
        BigInteger Paid,
        BigInteger Fee
    ) : MarketEvent(Position);

    public sealed record Resolved(EventLogPosition Position, BigInteger OutcomeIndex) : MarketEvent(Position);

    public sealed record Invalidated(EventLogPosition Position) : MarketEvent(Position);

    public sealed record PausedSet(EventLogPosition Position, bool Paused) : MarketEvent(Position);
}

public readonly record struct EventLogPosition(Address Market, long BlockNumber, Hash32 BlockHash, Hash32 TransactionHash, int LogIndex);
