namespace Foresight.Matching.Leadership;

public static class ShardPlacementRules
{
    /// <summary>
    /// Bounds the wait before a node bids for one more shard, however many it leads: if all other nodes are dead, this one must lead it
    /// soon.
    /// </summary>
    public const int MaximumSteps = 2;

    /// <summary>
    /// One poll interval per shard that the node leads, in which a node with fewer sees the free lease and takes it. Zero for a node that
    /// leads none, so with one shard no node ever waits.
    /// </summary>
    public static TimeSpan BidDelay(int leads, LeaseOptions options)
    {
        var wait = options.PollInterval * Math.Min(leads, MaximumSteps);
        var most = options.LeaseDuration / 2;
        return wait < most ? wait : most;
    }

    /// <summary>Requires a difference of two, so that the hand-over narrows it and two nodes never pass one shard back and forth.</summary>
    public static bool ShouldHandOver(int leads, IReadOnlyCollection<int> others) => others.Count > 0 && leads - others.Min() >= 2;

    /// <summary>The most advanced of the shards' states, because the node serves commands for that shard.</summary>
    public static string NodeState(IEnumerable<string> shards) => shards.MaxBy(Rank) ?? "follower";

    private static int Rank(string state) =>
        state switch
        {
            "active" => 4,
            "recovering" => 3,
            "acquiring" => 2,
            // Above "follower": a node that stops is draining, even if none of its shards had a leader's role.
            "draining" => 1,
            _ => 0,
        };
}
