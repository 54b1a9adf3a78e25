using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>Numbered as the market contract does, and as the exchange core does.</summary>
public enum SettlementKind : byte
{
    Direct = 0,
    Mint = 1,
    Merge = 2,
}

/// <summary>One order's part in a match, in the chain's units.</summary>
/// <param name="Amount">10^-18 shares; the same in all legs of a match.</param>
/// <param name="Price">Micro-USDC per share.</param>
public sealed record MarketLeg(OrderMessage Order, byte[] Signature, BigInteger Amount, BigInteger Price) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [Order, Signature, Amount, Price];
}

/// <summary>One trade to settle: a buy and a sell of one outcome, a buy of every outcome, or a sell of every outcome.</summary>
/// <param name="TradeId">Above zero, and once per market.</param>
public sealed record MarketMatch(BigInteger TradeId, IReadOnlyList<MarketLeg> Legs) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [TradeId, Legs];
}

/// <summary>What a market takes of a redemption; fixed when the market is made.</summary>
/// <param name="FeeBps">Of the payout; 500 at most.</param>
/// <param name="ProtocolShareBps">Of the fee; the rest goes to <paramref name="Liquidity"/>.</param>
public sealed record FeeTerms(int FeeBps, int ProtocolShareBps, Address Protocol, Address Liquidity) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [FeeBps, ProtocolShareBps, Protocol, Liquidity];

    public static FeeTerms None { get; } = new(0, 0, Address.Zero, Address.Zero);
}

/// <summary>What a market says. Block, transaction and position are in the log.</summary>
public abstract record MarketEvent(EventLogPosition Position)
{
    public sealed record TradeSettled(EventLogPosition Position, BigInteger TradeId, SettlementKind Kind, BigInteger Amount)
        : MarketEvent(Position);

    /// <param name="Reason">What the match reverted with: see <see cref="SettlementFailure"/>.</param>
    public sealed record SettlementFailed(EventLogPosition Position, BigInteger TradeId, byte[] Reason) : MarketEvent(Position);

    /// <param name="TradeId">Zero: filled by somebody else than the operator, through fillOrderSigned.</param>
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

/// <param name="Market">The contract that said it.</param>
/// <param name="LogIndex">Of the log in its block.</param>
public readonly record struct EventLogPosition(Address Market, long BlockNumber, Hash32 BlockHash, Hash32 TransactionHash, int LogIndex);
