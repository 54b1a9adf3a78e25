using Foresight.Chain.Contracts;

namespace Foresight.Matching.ChainFollowing;

/// <param name="UntilSeconds">Unix seconds until which orders are firm.</param>
/// <param name="Trades">How many firm trades of a shard may be unsettled.</param>
public readonly record struct FirmTermsOfShard(long UntilSeconds, long Trades);

/// <summary>
/// What is matched while these hold is on chain before anything can take its money: a withdrawal that was requested in a block that is not
/// followed yet waits for three quarters of its delay longer than the terms do, and settlement needs half of it.
/// </summary>
public static class FirmTermsRules
{
    /// <summary>Terms are journaled, so they are not renewed with every block.</summary>
    private const int RenewalsInADelay = 64;

    /// <param name="blockTime">Unix seconds of the newest block that was followed.</param>
    /// <param name="tradesPerSecond">What settlement brings on chain.</param>
    /// <param name="oldestUnsettled">
    /// Unix seconds of the match of the oldest firm trade that waits. Longer than a quarter of the delay is a settlement that stands, whose
    /// rate of before promises nothing: no firm trade is matched then.
    /// </param>
    public static FirmTermsOfShard Of(
        WithdrawalDelay delay,
        long blockTime,
        double tradesPerSecond,
        int shards,
        long? oldestUnsettled = null
    ) =>
        new(
            blockTime + delay.Seconds / 4,
            blockTime - oldestUnsettled > delay.Seconds / 4 ? 0 : (long)(tradesPerSecond * delay.Seconds / 2 / shards)
        );

    /// <summary>A smaller number of trades is never put off: the larger one is no longer true.</summary>
    public static bool IsWorthSending(FirmTermsOfShard next, FirmTermsOfShard? last, WithdrawalDelay delay) =>
        last is not { } sent
        || next.Trades < sent.Trades
        || next.UntilSeconds - sent.UntilSeconds >= Math.Max(1, delay.Seconds / RenewalsInADelay)
        || next.UntilSeconds < sent.UntilSeconds;
}
