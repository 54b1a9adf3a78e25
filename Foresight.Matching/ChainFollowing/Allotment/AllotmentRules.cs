namespace Foresight.Matching.ChainFollowing.Allotment;

/// <summary>What one shard has of an account's collateral, in micro-USDC.</summary>
/// <param name="Held">By resting orders and by trades that are not settled.</param>
public readonly record struct Allotment(int Shard, long Owned, long Held)
{
    public long Free => Owned - Held;
}

/// <summary>One shard's part changes by so much.</summary>
public readonly record struct PartChange(int Shard, long Units);

/// <summary>
/// How an account's collateral, which is one balance on chain, is divided over the shards. Pure. What the parts add up to never exceeds
/// what the chain says, because of one rule: parts are raised only when no part is to be lowered.
/// </summary>
public static class AllotmentRules
{
    /// <summary>
    /// The next changes that bring the parts to what the chain says: all that lower, or else all that raise; nothing when
    /// they are there. More money is given to the shards that have the least free, so that what is free is the same
    /// everywhere; odd units go to the account's home shard. Less is taken first from what is free, then from the shard
    /// that holds most, so that orders are cancelled in as few shards as can be.
    /// </summary>
    /// <param name="chain">What the account may spend, by the chain.</param>
    /// <param name="parts">One for each shard.</param>
    public static IReadOnlyList<PartChange> Next(long chain, IReadOnlyList<Allotment> parts, int home)
    {
        // What was spent that no observation had shown makes a part negative for a moment; it is made up for by the others.
        var targets = parts.Select(part => Math.Max(0, part.Owned)).ToArray();
        var surplus = chain - targets.Sum();
        if (surplus > 0)
            Give(surplus, parts, targets, home);
        else
            Take(-surplus, parts, targets);
        var changes = parts
            .Select((part, i) => new PartChange(part.Shard, targets[i] - part.Owned))
            .Where(change => change.Units != 0)
            .ToList();
        return changes.Exists(change => change.Units < 0) ? [.. changes.Where(change => change.Units < 0)] : changes;
    }

    /// <summary>
    /// What to take from the other shards so that this one can pay for an order of this cost: the richest first, and of none more than is
    /// free. Nothing if it can already, or if all of them together could not.
    /// </summary>
    public static IReadOnlyList<PartChange> Fetch(int to, long cost, IReadOnlyList<Allotment> parts)
    {
        var missing = cost - parts.First(part => part.Shard == to).Free;
        var others = parts.Where(part => part.Shard != to && part.Free > 0).OrderByDescending(part => part.Free).ToList();
        if (missing <= 0 || others.Sum(part => part.Free) < missing)
            return [];
        var taken = new List<PartChange>();
        foreach (var part in others)
        {
            var units = Math.Min(missing, part.Free);
            taken.Add(new PartChange(part.Shard, -units));
            missing -= units;
            if (missing == 0)
                break;
        }

        return taken;
    }

    /// <summary>The shard that gets what cannot be divided, another one for each account.</summary>
    public static int HomeOf(ReadOnlySpan<byte> address, int shards) => address[^1] % shards;

    private static void Give(long surplus, IReadOnlyList<Allotment> parts, long[] targets, int home)
    {
        var order = Enumerable.Range(0, parts.Count).OrderBy(i => targets[i] - parts[i].Held).ToArray();
        long FreeOf(int place) => targets[order[place]] - parts[order[place]].Held;
        // Filled like a vessel with an uneven bottom: the level is where the lowest so many hold all of it.
        var sum = surplus;
        for (var count = 1; count <= order.Length; count++)
        {
            sum += FreeOf(count - 1);
            var level = FloorOf(sum, count);
            if (count < order.Length && level > FreeOf(count))
                continue;
            for (var place = 0; place < count; place++)
            {
                var raise = level - FreeOf(place);
                surplus -= raise;
                targets[order[place]] += raise;
            }

            break;
        }

        targets[home] += surplus;
    }

    private static void Take(long missing, IReadOnlyList<Allotment> parts, long[] targets)
    {
        foreach (var i in Enumerable.Range(0, parts.Count).OrderByDescending(i => targets[i] - parts[i].Held))
        {
            var units = Math.Min(missing, Math.Max(0, targets[i] - parts[i].Held));
            targets[i] -= units;
            missing -= units;
        }

        foreach (var i in Enumerable.Range(0, parts.Count).OrderByDescending(i => targets[i]))
        {
            var units = Math.Min(missing, targets[i]);
            targets[i] -= units;
            missing -= units;
        }
    }

    private static long FloorOf(long sum, int count) => sum / count - (sum % count < 0 ? 1 : 0);
}
