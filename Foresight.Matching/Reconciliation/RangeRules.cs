namespace Foresight.Matching.Reconciliation;

/// <summary>Blocks FromBlock..ToBlock, both included.</summary>
public readonly record struct BlockRange(long FromBlock, long ToBlock)
{
    public long Length => ToBlock - FromBlock + 1;
}

/// <summary>Which blocks a run compares.</summary>
public static class RangeRules
{
    /// <summary>
    /// Up to where both sides can be compared: confirmed blocks, and of those only the ones that the follower has applied. Beyond that the
    /// journal is late, not wrong, and comparing would invent discrepancies; the operations API shows the distance to the head instead.
    /// </summary>
    public static long LastComparable(long head, int confirmations, long followedTo) => Math.Min(head - confirmations, followedTo);

    /// <summary>
    /// Ranges that follow one another as one, in the order of their blocks: how a run was cut says nothing about what it covered.
    /// </summary>
    public static IReadOnlyList<BlockRange> Join(IEnumerable<BlockRange> ranges)
    {
        var joined = new List<BlockRange>();
        foreach (var range in ranges.OrderBy(r => r.FromBlock))
        {
            if (joined.Count > 0 && range.FromBlock <= joined[^1].ToBlock + 1)
                joined[^1] = joined[^1] with { ToBlock = Math.Max(joined[^1].ToBlock, range.ToBlock) };
            else
                joined.Add(range);
        }

        return joined;
    }

    /// <summary>
    /// First block of a run. A scheduled run goes on after the last one and looks back a little, so that damage done to rows of recent
    /// blocks is seen; a run that a person asked for compares everything.
    /// </summary>
    /// <param name="manualLookback">Blocks that a person's run compares at most; 0: all of them.</param>
    public static long FirstBlock(long deployedBlock, long cursor, bool manual, long scheduledLookback, long manualLookback, long to) =>
        Math.Max(
            deployedBlock,
            manual
                ? manualLookback == 0
                    ? 0
                    : to - manualLookback + 1
                : Math.Min(cursor + 1, to + 1) - scheduledLookback
        );

    public static IEnumerable<BlockRange> Split(long from, long to, int blocksPerRange)
    {
        for (var start = from; start <= to; start += blocksPerRange)
            yield return new BlockRange(start, Math.Min(to, start + blocksPerRange - 1));
    }

    /// <summary>
    /// Where the cursor stands after a run: the end of the ranges that were covered without a gap from where it stood. A failed range stops
    /// it there, so the next run compares that range again.
    /// </summary>
    public static long Advance(long cursor, IEnumerable<BlockRange> covered)
    {
        foreach (var range in covered.OrderBy(r => r.FromBlock))
        {
            if (range.FromBlock > cursor + 1)
                break;
            cursor = Math.Max(cursor, range.ToBlock);
        }

        return cursor;
    }
}
