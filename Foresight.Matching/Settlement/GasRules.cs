using Foresight.Chain.Contracts;

namespace Foresight.Matching.Settlement;

/// <param name="Plain">Signed by the maker's own key; the gas of such a leg is nearly constant.</param>
/// <param name="Wallets">
/// Verified by the maker's contract (ERC-1271), which may use any amount of gas up to what the market allows it.
/// </param>
public readonly record struct MatchLegs(int Plain, int Wallets)
{
    public int All => Plain + Wallets;
}

/// <summary>
/// Never taken from a node's estimate: a contract wallet that is cheap during the estimate and expensive when mined would starve the
/// matches after it. Unused gas is refunded, but a high limit keeps a block from including a second batch.
/// </summary>
public static class GasRules
{
    /// <summary>Chains with EIP-7825 refuse a transaction with a higher gas limit.</summary>
    public const long TransactionLimit = 16_777_216;

    /// <summary>The 21,000 of every transaction, plus the decoding of the call.</summary>
    private const long BatchOverhead = 60_000;

    /// <summary>About 550 bytes of calldata per leg at up to 16 gas each, plus events and the loop.</summary>
    private const long LegOverhead = 15_000;

    /// <summary>
    /// Gas allowances for a plain leg, ascending: the usual use, half more for collateral with expensive transfers, and the amount that the
    /// market requires to be available, used or not.
    /// </summary>
    public static IReadOnlyList<long?> PlainLegSteps(long plainLeg) => [plainLeg, plainLeg + (plainLeg / 2), null];

    /// <param name="plainLeg">Gas for each plain leg; null: the full amount that the market sets aside.</param>
    /// <returns>
    /// The gas of all matches, plus that of the largest once more: EIP-150 withholds a 64th from each call, and the market requires the
    /// full amount before its last match.
    /// </returns>
    public static long Limit(IReadOnlyCollection<MatchLegs> matches, long? plainLeg) =>
        BatchOverhead
        + matches.Sum(m =>
            (m.Plain * (plainLeg ?? MarketContract.LegGas + LegOverhead))
            + (m.Wallets * (MarketContract.LegGas + LegOverhead))
            + (plainLeg is null ? MarketContract.MatchGas : 0)
        )
        + matches.Max(m => Due(m.All));

    /// <summary>A fifth less for plain legs, so that a batch that passes the simulation has this margin when it is mined.</summary>
    public static long TrialLimit(IReadOnlyCollection<MatchLegs> matches, long? plainLeg) => Limit(matches, plainLeg * 4 / 5);

    /// <summary>At least one match, because one that does not fit alone would otherwise wait for ever.</summary>
    public static int Fitting(IReadOnlyList<MatchLegs> matches, long? plainLeg, long most)
    {
        var count = 1;
        while (count < matches.Count && Limit([.. matches.Take(count + 1)], plainLeg) <= most)
            count++;
        return count;
    }

    private static long Due(int legs) => ((MarketContract.MatchGas + (MarketContract.LegGas * legs)) * 64 / 63) + 1;
}
