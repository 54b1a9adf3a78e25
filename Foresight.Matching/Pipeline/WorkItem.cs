using Foresight.Contracts;

namespace Foresight.Matching.Pipeline;

/// <summary>Something for the matching loop to do, in the order of its coming.</summary>
internal abstract class WorkItem;

/// <summary>The loop's own second hand.</summary>
internal sealed class Tick : WorkItem;

/// <summary>Asks for the state hash at a committed sequence.</summary>
internal sealed class ProofRequest : WorkItem
{
    public TaskCompletionSource<StateProof?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Asks for a depth snapshot of every market: receivers may have missed messages.</summary>
internal sealed class DepthRequest : WorkItem;
