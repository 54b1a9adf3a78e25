using Foresight.Protocol;

namespace Foresight.Matching.Leadership;

/// <summary>
/// The shards' loops ask it before they bid, so that a node with some shards leaves the next one to a node with fewer. Other resources are
/// not counted.
/// </summary>
public sealed class ShardPlacement
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Claim> _claims = [];
    private readonly Dictionary<string, string> _states = [];

    /// <summary>
    /// On true the shard counts as led until <see cref="Release"/>, so that two loops of one node do not both consider it the least loaded.
    /// Otherwise <paramref name="delay"/> is the time for which the lease must be free first.
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

    /// <summary>
    /// Cancelled when the node hands this shard over: its term then ends as it does with the process, and no other node waits for the lease
    /// to expire.
    /// </summary>
    public CancellationToken HandsOver(string resource)
    {
        lock (_gate)
            return _claims.TryGetValue(resource, out var claim) ? claim.HandOver.Token : CancellationToken.None;
    }

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
