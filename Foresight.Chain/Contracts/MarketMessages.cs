using System.Numerics;
using Foresight.Chain.Abi;
using Foresight.Chain.Signing;

namespace Foresight.Chain.Contracts;

/// <summary>Cast from the events of the market contract, so the values must match its enum, and that of the matching engine.</summary>
public enum SettlementKind : byte
{
    Direct = 0,
    Mint = 1,
    Merge = 2,
}

/// <param name="Amount">In 10^-18 shares; the market refuses a match whose legs differ in it.</param>
/// <param name="Price">Micro-USDC per share.</param>
public sealed record MarketLeg(OrderMessage Order, byte[] Signature, BigInteger Amount, BigInteger Price) : IAbiTuple
{
    /// <summary>Draws on the maker's balance in the vault instead of their wallet, and is paid there (docs/firm-money.md).</summary>
    public bool OfVault { get; init; }

    IReadOnlyList<object?> IAbiTuple.Values => [Order, Signature, Amount, Price];
}

/// <param name="TradeId">Unique within the market, and above zero, because zero marks a fill that is no trade of ours.</param>
public sealed record MarketMatch(BigInteger TradeId, IReadOnlyList<MarketLeg> Legs) : IAbiTuple
{
    /// <summary>The highest byte of the id names the purses, a bit for each leg (contracts/src/Types.sol).</summary>
    private const int PursesShift = 248;

    IReadOnlyList<object?> IAbiTuple.Values => [TradeId | (Purses() << PursesShift), Legs];

    /// <param name="word">As the call has it, with the purses.</param>
    internal static long TradeIdOf(BigInteger word) => (long)(word & ((BigInteger.One << PursesShift) - 1));

    private BigInteger Purses()
    {
        var purses = BigInteger.Zero;
        for (var i = 0; i < Legs.Count; i++)
        {
            if (Legs[i].OfVault)
                purses |= BigInteger.One << i;
        }

        return purses;
    }
}

/// <param name="FeeBps">Basis points of the payout, at most 500, because the contract refuses more.</param>
/// <param name="ProtocolShareBps">Basis points of the fee; the rest goes to <paramref name="Liquidity"/>.</param>
public sealed record FeeTerms(int FeeBps, int ProtocolShareBps, Address Protocol, Address Liquidity) : IAbiTuple
{
    IReadOnlyList<object?> IAbiTuple.Values => [FeeBps, ProtocolShareBps, Protocol, Liquidity];

    public static FeeTerms None { get; } = new(0, 0, Address.Zero, Address.Zero);
}

public abstract record MarketEvent(EventLogPosition Position)
{
    public sealed record TradeSettled(EventLogPosition Position, BigInteger TradeId, SettlementKind Kind, BigInteger Amount)
        : MarketEvent(Position);

    public sealed record SettlementFailed(EventLogPosition Position, BigInteger TradeId, byte[] Reason) : MarketEvent(Position);

    /// <param name="TradeId">Zero if the fill came through fillOrderSigned, past the relayer, so there is no trade to settle.</param>
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

    /// <param name="By">
    /// The maker, or another who had the maker's signed request: an account is no offender by what another does (docs/decisions/0208).
    /// </param>
    public sealed record SaltCancelled(EventLogPosition Position, Address Maker, BigInteger Salt, Address By) : MarketEvent(Position);

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

    /// <param name="Legs">A bit for each fill of the trade, in their order: set if it was paid from the maker's purse in the vault.</param>
    public sealed record VaultUsed(EventLogPosition Position, BigInteger TradeId, BigInteger Legs) : MarketEvent(Position);

    /// <summary>Of a resolution or an invalidation, which takes effect after the vault's delay.</summary>
    /// <param name="ReadyTime">Unix seconds.</param>
    public sealed record DecisionAnnounced(EventLogPosition Position, long ReadyTime) : MarketEvent(Position);

    public sealed record PausedSet(EventLogPosition Position, bool Paused) : MarketEvent(Position);
}

public readonly record struct EventLogPosition(Address Market, long BlockNumber, Hash32 BlockHash, Hash32 TransactionHash, int LogIndex);
