using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

/// <summary>The running matching loop of one term.</summary>
internal sealed record MatchingSession(Term Term, CommandQueue Queue, MatchingLoop Loop);

/// <summary>
/// Connects the gateway to the matching loops of the shards: a shard is open while this node leads it and has recovered. A command that
/// enters while its shard closes is safe: a queue that is closed refuses it, and the fence stops one that was taken.
/// </summary>
internal sealed class MatchingGate
{
    private readonly MatchingSession?[] _sessions = new MatchingSession?[Shards.Maximum];

    /// <summary>Null if this node does not lead the shard, or if the shard does not exist.</summary>
    public MatchingSession? Session(int shard) => (uint)shard < (uint)_sessions.Length ? Volatile.Read(ref _sessions[shard]) : null;

    public void Open(int shard, MatchingSession opened) => Volatile.Write(ref _sessions[shard], opened);

    public void Close(int shard, CommandQueue queue)
    {
        if (Session(shard)?.Queue == queue)
            Volatile.Write(ref _sessions[shard], null);
    }

    /// <summary>Returns the state hash at a committed sequence; null if this node does not lead the shard.</summary>
    public async Task<StateDigest?> ProveAsync(int shard, CancellationToken cancellationToken)
    {
        var proof = new ProofRequest();
        return Session(shard)?.Queue.TryAddControl(proof) == true ? await proof.Answer.Task.WaitAsync(cancellationToken) : null;
    }
}
