using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// What this node has of the matching engine's shards. Their loops ask here before they bid, so that a node that leads some leaves the next
/// one to a node that leads fewer. Other resources are no concern of it.
/// </summary>
public sealed class ShardPlacement
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Claim> _claims = [];
    private readonly Dictionary<string, string> _states = [];

    /// <summary>
    /// True if the node may bid now; from then on the shard counts as led, until <see cref="Release"/>, so that two loops of one node do
    /// not both take themselves for the least burdened. Else how long the lease must be free.
    /// </summary>
    public bool TryClaim(string resource, TimeSpan freeFor, LeaseOptions options, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        if (LeasedResources.ShardOf(resource) is null)
            return true;
        lock (_gate)
        {
            delay = ShardPlacementRules.BidDelay(_claims.Count - (_claims.ContainsKey(resource) ? 1 : 0), options);
            if (freeFor < delay)
                return false;
            _claims[resource] = new Claim();
            return true;
        }
    }

    public void Release(string resource)
    {
        lock (_gate)
            _claims.Remove(resource);
    }

    /// <summary>Cancelled when the node gives this shard to another: its term ends as if the process did.</summary>
    public CancellationToken HandsOver(string resource)
    {
        lock (_gate)
            return _claims.TryGetValue(resource, out var claim) ? claim.HandOver.Token : CancellationToken.None;
    }

    /// <summary>The shards that this node leads and is active in.</summary>
    public IReadOnlyList<string> Active()
    {
        lock (_gate)
            return [.. _claims.Keys.Where(resource => _states.GetValueOrDefault(resource) == "active").Order(StringComparer.Ordinal)];
    }

    public void HandOver(string resource)
    {
        Claim? claim;
        lock (_gate)
            claim = _claims.GetValueOrDefault(resource);
        claim?.HandOver.Cancel();
    }

    /// <returns>What the node is to the order flow now; null if the resource is no shard.</returns>
    public string? SetState(string resource, string state)
    {
        if (LeasedResources.ShardOf(resource) is null)
            return null;
        lock (_gate)
        {
            _states[resource] = state;
            return ShardPlacementRules.NodeState(_states.Values);
        }
    }

    private sealed class Claim
    {
        public CancellationTokenSource HandOver { get; } = new();
    }
}
