namespace Foresight.Matching.Reconciliation;

/// <summary>Both bounds are inclusive.</summary>
public readonly record struct BlockRange(long FromBlock, long ToBlock)
{
    public long Length => ToBlock - FromBlock + 1;
}

public static class RangeRules
{
    /// <summary>
    /// A block must be confirmed and applied by the follower: beyond that the journal is late, not wrong, and a comparison would invent
    /// discrepancies. The operations API shows the distance to the head instead.
    /// </summary>
    public static long LastComparable(long head, int confirmations, long followedTo) => Math.Min(head - confirmations, followedTo);

    /// <summary>Adjacent ranges are joined, so that coverage does not depend on how a run was cut. Ascending.</summary>
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
    /// A scheduled run continues after the last one and looks back a little, to detect damage to rows of recent blocks; a run on request
    /// compares everything.
    /// </summary>
    /// <param name="manualLookback">Most blocks of a run on request; 0: all of them.</param>
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

    /// <summary>A failed range stops the cursor before it, so that the next run compares that range again.</summary>
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
