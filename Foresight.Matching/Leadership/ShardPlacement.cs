using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// What this node has of the matching engine's shards. Their loops ask here before they bid, so that a node that leads some leaves the next one
/// to a node that leads fewer. Other resources are no concern of it.
/// </summary>
public sealed class ShardPlacement
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Claim> claims = [];
    private readonly Dictionary<string, string> states = [];

    /// <summary>
    /// True if the node may bid now; from then on the shard counts as led, until <see cref="Release"/>, so that two loops of one node do not
    /// both take themselves for the least burdened. Else how long the lease must be free.
    /// </summary>
    public bool TryClaim(string resource, TimeSpan freeFor, LeaseOptions options, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        if (LeasedResources.ShardOf(resource) is null) return true;
        lock (gate)
        {
            delay = ShardPlacementRules.BidDelay(claims.Count - (claims.ContainsKey(resource) ? 1 : 0), options);
            if (freeFor < delay) return false;
            claims[resource] = new Claim();
            return true;
        }
    }

    public void Release(string resource)
    {
        lock (gate) claims.Remove(resource);
    }

    /// <summary>Cancelled when the node gives this shard to another: its term ends as if the process did.</summary>
    public CancellationToken HandsOver(string resource)
    {
        lock (gate) return claims.TryGetValue(resource, out var claim) ? claim.HandOver.Token : CancellationToken.None;
    }

    /// <summary>The shards that this node leads and is active in.</summary>
    public IReadOnlyList<string> Active()
    {
        lock (gate) return [.. claims.Keys.Where(resource => states.GetValueOrDefault(resource) == "active").Order(StringComparer.Ordinal)];
    }

    public void HandOver(string resource)
    {
        Claim? claim;
        lock (gate) claim = claims.GetValueOrDefault(resource);
        claim?.HandOver.Cancel();
    }

    /// <returns>What the node is to the order flow now; null if the resource is no shard.</returns>
    public string? SetState(string resource, string state)
    {
        if (LeasedResources.ShardOf(resource) is null) return null;
        lock (gate)
        {
            states[resource] = state;
            return ShardPlacementRules.NodeState(states.Values);
        }
    }

    private sealed class Claim
    {
        public CancellationTokenSource HandOver { get; } = new();
    }
}
