namespace Foresight.Matching.Leadership;

/// <summary>How the shards of the matching engine come to be spread over the nodes. Pure.</summary>
public static class ShardPlacementRules
{
    /// <summary>
    /// Steps that a node waits at most before it bids for one more shard, however many it leads: somebody must lead it soon, and if all
    /// others are dead, it is this node.
    /// </summary>
    public const int MaximumSteps = 2;

    /// <summary>
    /// How long a lease must be free before a node that leads so many shards bids for it: a poll for each, in which a node that leads fewer
    /// sees it and takes it. Nothing for a node that leads none, so with one shard nobody ever waits.
    /// </summary>
    public static TimeSpan BidDelay(int leads, LeaseOptions options)
    {
        var wait = options.PollInterval * Math.Min(leads, MaximumSteps);
        var most = options.LeaseDuration / 2;
        return wait < most ? wait : most;
    }

    /// <summary>
    /// Whether a node gives one of its shards to another: only if both are nearer to each
    /// other then, so that no two nodes pass one back and forth.
    /// </summary>
    /// <param name="others">How many shards each of the other nodes leads.</param>
    public static bool ShouldHandOver(int leads, IReadOnlyCollection<int> others) => others.Count > 0 && leads - others.Min() >= 2;

    /// <summary>What a node with several shards is to the order flow: the state of the one that is furthest.</summary>
    public static string NodeState(IEnumerable<string> shards) => shards.MaxBy(Rank) ?? "follower";

    private static int Rank(string state) =>
        state switch
        {
            "active" => 4,
            "recovering" => 3,
            "acquiring" => 2,
            // Above "follower": a node that ends is one that drains, whatever it did not lead.
            "draining" => 1,
            _ => 0,
        };
}
