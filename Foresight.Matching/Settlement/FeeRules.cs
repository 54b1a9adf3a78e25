using System.Numerics;

namespace Foresight.Matching.Settlement;

/// <summary>EIP-1559, in wei per gas.</summary>
public readonly record struct Fee(BigInteger MaxFee, BigInteger PriorityFee);

public static class FeeRules
{
    /// <summary>
    /// Nodes reject a replacement that raises either fee by less than 10 % (geth's txpool.pricebump); some require 12.5 %.
    /// </summary>
    public const int MinBumpPercent = 13;

    /// <summary>
    /// Twice the base fee outlasts five full blocks in a row: each raises the base fee by at most 12.5 %, and 1.125^5 = 1.8.
    /// </summary>
    public static Fee First(BigInteger baseFee, BigInteger priorityFee, BigInteger cap)
    {
        var max = baseFee * 2 + priorityFee;
        return max <= cap ? new Fee(max, priorityFee) : new Fee(cap, BigInteger.Min(priorityFee, cap));
    }

    /// <summary>
    /// The higher cap holds once a firm trade has waited for a quarter of the delay, which leaves settlement half of it and a quarter to
    /// spare. It is for whatever is sent then: a cheaper transaction with a lower nonce would keep the firm one off the chain.
    /// </summary>
    /// <param name="waits">How long the oldest firm trade waits that is in no block; null if there is none.</param>
    /// <param name="delay">Of the vault; null where there is none.</param>
    public static BigInteger Cap(TimeSpan? waits, TimeSpan? delay, BigInteger usual, BigInteger firm) => waits > delay / 4 ? firm : usual;

    /// <summary>
    /// At least <see cref="MinBumpPercent"/> higher, because nodes reject less. Null if the cap leaves no room: the transaction then stays
    /// as it is, and an operator must be alerted.
    /// </summary>
    /// <param name="market">What <see cref="First"/> asks for now.</param>
    public static Fee? Bump(Fee last, Fee market, BigInteger cap)
    {
        var max = BigInteger.Max(Raise(last.MaxFee), market.MaxFee);
        var priority = BigInteger.Max(Raise(last.PriorityFee), market.PriorityFee);
        if (max > cap)
            return null;
        return new Fee(max, BigInteger.Min(priority, max));
    }

    // Rounded up, so that a fee of a few wei rises too.
    private static BigInteger Raise(BigInteger fee) => (fee * (100 + MinBumpPercent) + 99) / 100;
}
