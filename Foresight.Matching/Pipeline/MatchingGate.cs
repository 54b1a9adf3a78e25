using Foresight.Contracts;
using Foresight.Matching.Leadership;

namespace Foresight.Matching.Pipeline;

/// <summary>The running pipeline of one term.</summary>
internal sealed record MatchingSession(Term Term, Intake Intake, MatchingLoop Loop, Desk Desk);

/// <summary>
/// Where the door meets the pipeline: open while this node leads and has recovered. A command that slips in as the gate closes meets a
/// closed intake, and one that was taken meets the fence.
/// </summary>
internal sealed class MatchingGate
{
    private MatchingSession? session;

    public MatchingSession? Session => Volatile.Read(ref session);

    public void Open(MatchingSession opened) => Volatile.Write(ref session, opened);

    public void Close(Intake intake)
    {
        if (Session?.Intake == intake) Volatile.Write(ref session, null);
    }

    /// <summary>The state hash at a committed sequence; null if this node does not lead.</summary>
    public async Task<StateProof?> ProveAsync(CancellationToken cancellation)
    {
        var proof = new ProofRequest();
        return Session?.Intake.TryAddControl(proof) == true ? await proof.Answer.Task.WaitAsync(cancellation) : null;
    }
}
