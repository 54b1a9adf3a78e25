using Foresight.Chain.Contracts;

namespace Foresight.Matching.ChainFollowing;

/// <param name="UntilSeconds">Unix seconds until which orders are firm.</param>
/// <param name="Trades">How many firm trades of a shard may be unsettled.</param>
public readonly record struct FirmTermsOfShard(long UntilSeconds, long Trades);

/// <summary>Firm trades that are matched and neither final nor closed.</summary>
/// <param name="Oldest">Unix seconds of the match of the oldest of them, by the journal's clock; null if there is none.</param>
/// <param name="Waits">Seconds since then, by the same clock.</param>
public readonly record struct OldestFirm(long? Oldest, double Waits = 0)
{
    /// <summary>By the later clock, so that one that is behind makes no trade younger.</summary>
    public double AgeAt(long blockTime) => Oldest is { } matched ? Math.Max(blockTime - matched, Waits) : 0;
}

/// <summary>
/// What is matched while these hold is on chain before anything can take its money: a withdrawal that was requested in a block that is not
/// followed yet waits for three quarters of its delay longer than the terms do, and settlement needs half of it.
/// </summary>
public static class FirmTermsRules
{
    /// <summary>Terms are journaled, so they are not renewed with every block.</summary>
    private const int RenewalsInADelay = 64;

    /// <summary>Five blocks of a slow chain, which is when a transaction is replaced.</summary>
    public static readonly TimeSpan Slowest = TimeSpan.FromSeconds(60);

    /// <param name="blockTime">Unix seconds of the newest block that was followed.</param>
    public static long Until(WithdrawalDelay delay, long blockTime) => blockTime + delay.Seconds / 4;

    /// <summary>How many firm trades of all shards may be unsettled.</summary>
    /// <param name="tradesPerSecond">What settlement brings on chain.</param>
    /// <param name="oldest">
    /// Longer than a quarter of the delay is a settlement that stands, whose rate of before promises nothing: no firm trade is matched
    /// then.
    /// </param>
    public static long Trades(WithdrawalDelay delay, long blockTime, double tradesPerSecond, OldestFirm oldest = default) =>
        oldest.AgeAt(blockTime) > delay.Seconds / 4 ? 0 : (long)(tradesPerSecond * delay.Seconds / 2);

    /// <summary>
    /// The measured rate is that of what there was to do, and there is none before the first batches. So it is taken for one full batch in
    /// the time that a transaction may take, while no firm trade waits for longer: one that does shows that settlement is slower.
    /// </summary>
    /// <param name="measured">Of the newest batches, in trades per second; null before the first ones.</param>
    /// <param name="isHalted">By an operator or by itself: whatever was measured before, nothing settles.</param>
    public static double Rate(double? measured, int batchTrades, OldestFirm oldest, bool isHalted) =>
        isHalted ? 0
        : oldest.Waits > Slowest.TotalSeconds ? measured ?? 0
        : Math.Max(measured ?? 0, batchTrades / Slowest.TotalSeconds);

    /// <summary>
    /// Divides what all shards may have. One that may still use more than its part, because it has not confirmed a smaller number, counts
    /// as holding all of it until it has: it is asked for its part, and the others get less.
    /// </summary>
    /// <param name="held">The most that each shard may still use; null if that is not known, which is everything.</param>
    public static IReadOnlyList<long> Divide(long trades, IReadOnlyList<long?> held)
    {
        var (left, sharing) = (trades, held.Count);
        foreach (var most in held.Select(one => one ?? long.MaxValue).OrderDescending().TakeWhile(most => most > left / sharing))
        {
            (left, sharing) = (Math.Max(0, left - most), sharing - 1);
            if (sharing == 0)
                break;
        }

        var (equal, rest) = (trades / held.Count, sharing == 0 ? 0 : left / sharing);
        return [.. held.Select(one => one <= equal ? rest : equal)];
    }

    /// <summary>A smaller number of trades is never put off: the larger one is no longer true.</summary>
    public static bool IsWorthSending(FirmTermsOfShard next, FirmTermsOfShard? last, WithdrawalDelay delay) =>
        last is not { } sent
        || next.Trades < sent.Trades
        || next.UntilSeconds - sent.UntilSeconds >= Math.Max(1, delay.Seconds / RenewalsInADelay)
        || next.UntilSeconds < sent.UntilSeconds;
}
