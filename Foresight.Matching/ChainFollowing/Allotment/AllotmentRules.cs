namespace Foresight.Matching.ChainFollowing.Allotment;

/// <summary>
/// One shard's part of an account's collateral, in micro-USDC: the balance on chain is one, but each shard's engine reserves against a part
/// of its own.
/// </summary>
public readonly record struct Allotment(int Shard, long Owned, long Held)
{
    public long Free => Owned - Held;
}

public readonly record struct PartChange(int Shard, long Units);

/// <summary>
/// Divides an account's collateral, a single balance on chain, between the shards. The parts never add up to more than the chain's balance,
/// because no part is raised while another has still to be lowered. Pure.
/// </summary>
public static class AllotmentRules
{
    /// <summary>
    /// Decreases come alone, before any increase, so that the parts never exceed the chain's balance in between. An increase goes to the
    /// shards with the least free collateral, so that the free amounts become equal. A decrease is taken from free collateral first, then
    /// from the shard that holds most, so that orders are cancelled in as few shards as possible. Empty if the parts agree with the chain.
    /// </summary>
    public static IReadOnlyList<PartChange> Next(long chain, IReadOnlyList<Allotment> parts, int home)
    {
        // A part is negative for a moment if a trade spent money that no observation had shown yet; the other parts make up for it.
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
    /// Takes no more than is free, so that moving collateral to the shard <paramref name="to"/> cancels no order elsewhere. Empty if that
    /// shard can pay already, or if all of them together could not: a partial move would not let the order through.
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

    /// <summary>The shard that gets the indivisible rest. It differs by account, so that no shard collects the rests of all.</summary>
    public static int HomeOf(ReadOnlySpan<byte> address, int shards) => address[^1] % shards;

    private static void Give(long surplus, IReadOnlyList<Allotment> parts, long[] targets, int home)
    {
        var order = Enumerable.Range(0, parts.Count).OrderBy(i => targets[i] - parts[i].Held).ToArray();
        long FreeOf(int place) => targets[order[place]] - parts[order[place]].Held;
        // A level is right once it does not exceed the next part's free amount: the parts above it must get nothing, or the amounts would
        // differ more than before.
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
