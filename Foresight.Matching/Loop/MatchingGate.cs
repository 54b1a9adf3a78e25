using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

/// <summary>The running pipeline of one term.</summary>
internal sealed record MatchingSession(Term Term, CommandQueue Queue, MatchingLoop Loop);

/// <summary>
/// Where the gateway meets the pipelines of the shards: open for one while this node leads it and has recovered. A command that slips in as
/// the gate closes meets a closed queue, and one that was taken meets the fence.
/// </summary>
internal sealed class MatchingGate
{
    private readonly MatchingSession?[] _sessions = new MatchingSession?[Shards.Maximum];

    /// <summary>Null if this node does not lead the shard, or there is no such shard.</summary>
    public MatchingSession? Session(int shard) => (uint)shard < (uint)_sessions.Length ? Volatile.Read(ref _sessions[shard]) : null;

    public void Open(int shard, MatchingSession opened) => Volatile.Write(ref _sessions[shard], opened);

    public void Close(int shard, CommandQueue queue)
    {
        if (Session(shard)?.Queue == queue)
            Volatile.Write(ref _sessions[shard], null);
    }

    /// <summary>The state hash at a committed sequence; null if this node does not lead the shard.</summary>
    public async Task<StateDigest?> ProveAsync(int shard, CancellationToken cancellationToken)
    {
        var proof = new ProofRequest();
        return Session(shard)?.Queue.TryAddControl(proof) == true ? await proof.Answer.Task.WaitAsync(cancellationToken) : null;
    }
}
