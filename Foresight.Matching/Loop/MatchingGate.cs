using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

internal sealed record MatchingSession(Term Term, CommandQueue Queue, MatchingLoop Loop);

/// <summary>
/// Connects the gateway to the matching loops of the shards: a shard is open while this node leads it and has recovered. A command that
/// enters while its shard closes is safe: a queue that is closed refuses it, and the fence stops one that was taken.
/// </summary>
internal sealed class MatchingGate
{
    private readonly MatchingSession?[] _sessions = new MatchingSession?[Shards.Maximum];

    public MatchingSession? Session(int shard) => (uint)shard < (uint)_sessions.Length ? Volatile.Read(ref _sessions[shard]) : null;

    public void Open(int shard, MatchingSession opened) => Volatile.Write(ref _sessions[shard], opened);

    public void Close(int shard, CommandQueue queue)
    {
        if (Session(shard)?.Queue == queue)
            Volatile.Write(ref _sessions[shard], null);
    }

    public async Task<StateDigest?> ProveAsync(int shard, CancellationToken cancellationToken)
    {
        var proof = new ProofRequest();
        return Session(shard)?.Queue.TryAddControl(proof) == true ? await proof.Answer.Task.WaitAsync(cancellationToken) : null;
    }
}
