using System.Numerics;

namespace Foresight.Matching.Settlement;

/// <param name="Trades">In the refused transaction.</param>
/// <param name="LeastTried">The lowest fee that a transaction of this nonce with as many trades has had: no fee is tried twice.</param>
/// <param name="Accepted">
/// The highest fee of this nonce that a node has taken: what it has in its pool, it gives up only for a higher one. Null if none has.
/// </param>
/// <param name="LacksMoney">Then only a lower fee helps; with money the same bytes are taken.</param>
public readonly record struct RefusedBatch(int Trades, Fee Fee, BigInteger LeastTried, Fee? Accepted, bool LacksMoney);

/// <param name="Trades">The first of those in the refused transaction; zero: a sign of life, which is as good as empty.</param>
public readonly record struct SmallerBatch(int Trades, Fee Fee);

/// <summary>
/// What takes the place of a transaction that every node refuses, under the same nonce (docs/decisions/0615). The reason is not asked:
/// nodes word it as they like, and each of them (its length, its gas, what it may cost) is met by fewer trades or by a fee of today. Pure.
/// </summary>
public static class RefusedRules
{
    /// <summary>In a row, of the next transaction in line. One refusal may pass by itself: a full pool, a node that restarts.</summary>
    public const int BlocksUntilItStands = 3;

    /// <returns>Null if there is nothing else to try.</returns>
    public static SmallerBatch? Next(RefusedBatch batch, Fee market, BigInteger cap)
    {
        var fee = batch.Accepted is { } pooled ? FeeRules.Bump(pooled, market, cap) ?? AtMost(cap, pooled) : market;
        // The fee may be what it was refused for, so a lower one goes first: it costs no trade its place. By a tenth at least, so that a
        // market that falls slowly does not keep the others waiting.
        if (fee.MaxFee * 10 <= batch.LeastTried * 9)
            return new SmallerBatch(batch.Trades, fee);
        if (batch.LacksMoney)
            return null;
        if (batch.Trades > 0)
            return new SmallerBatch(batch.Trades / 2, fee);
        // Nothing is smaller, so what is left is that the fee is too low for a node that words this in an unknown way.
        return FeeRules.Bump(batch.Fee, market, cap) is { } higher ? new SmallerBatch(0, higher) : null;
    }

    private static Fee AtMost(BigInteger cap, Fee fee) => new(cap, BigInteger.Min(fee.PriorityFee, cap));
}
