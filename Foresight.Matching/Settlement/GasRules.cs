using Foresight.Chain.Contracts;

namespace Foresight.Matching.Settlement;

/// <summary>Legs of one match by who vouches for them.</summary>
/// <param name="Plain">Signed by the maker's own key: what such a leg uses is known within a little.</param>
/// <param name="Wallets">Vouched for by the maker's contract (ERC-1271), which uses what it likes, up to what the market gives it.</param>
public readonly record struct MatchLegs(int Plain, int Wallets)
{
    public int All => Plain + Wallets;
}

/// <summary>
/// The gas limit of a batch. It is never taken from an estimate of the node: a contract wallet that is cheap
/// while it is estimated and dear when it is mined would starve the matches after it. What is not used is
/// given back, but a high limit keeps a block from holding a second batch.
/// </summary>
public static class GasRules
{
    /// <summary>Most gas of one transaction on chains with EIP-7825.</summary>
    public const long TransactionLimit = 16_777_216;

    /// <summary>21,000 of every transaction, and the call's own decoding.</summary>
    private const long BatchOverhead = 60_000;

    /// <summary>Calldata of a leg is about 550 bytes of at most 16 gas; events and the loop come on top.</summary>
    private const long LegOverhead = 15_000;

    /// <summary>
    /// What a plain leg may be given, least first: what it uses as a rule, half more for collateral whose transfers are dear, and what the
    /// market demands to be there for it, used or not.
    /// </summary>
    public static IReadOnlyList<long?> PlainLegSteps(long plainLeg) => [plainLeg, plainLeg + (plainLeg / 2), null];

    /// <param name="plainLeg">Gas for each plain leg; null: all that the market sets aside.</param>
    /// <returns>What the matches use, and the due of the largest once more, which the market wants to see before the last one (EIP-150
    /// keeps a 64th of it).</returns>
    public static long Limit(IReadOnlyCollection<MatchLegs> matches, long? plainLeg) =>
        BatchOverhead
        + matches.Sum(m =>
            (m.Plain * (plainLeg ?? MarketContract.LegGas + LegOverhead))
            + (m.Wallets * (MarketContract.LegGas + LegOverhead))
            + (plainLeg is null ? MarketContract.MatchGas : 0)
        )
        + matches.Max(m => Due(m.All));

    /// <summary>
    /// What a trial is given: a fifth less for the plain legs, so that a batch that passes it has that much to spare when it is mined.
    /// </summary>
    public static long TrialLimit(IReadOnlyCollection<MatchLegs> matches, long? plainLeg) => Limit(matches, plainLeg * 4 / 5);

    /// <summary>How many of the matches, from the first on, fit under <paramref name="most"/>; at least one.</summary>
    public static int Fitting(IReadOnlyList<MatchLegs> matches, long? plainLeg, long most)
    {
        var count = 1;
        while (count < matches.Count && Limit([.. matches.Take(count + 1)], plainLeg) <= most)
            count++;
        return count;
    }

    private static long Due(int legs) => ((MarketContract.MatchGas + (MarketContract.LegGas * legs)) * 64 / 63) + 1;
}
