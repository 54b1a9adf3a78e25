using System.Threading.Channels;
using Foresight.Protocol;

namespace Foresight.Matching.Orders;

/// <summary>Something for the matching loop to do, in the order of its coming.</summary>
internal abstract class WorkItem;

/// <summary>Wakes the loop, so that its timers run while no command comes.</summary>
internal sealed class Tick : WorkItem;

/// <summary>Asks for the state hash at a committed sequence.</summary>
internal sealed class ProofRequest : WorkItem
{
    public TaskCompletionSource<StateDigest?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Asks for a depth snapshot of every market: receivers may have missed messages.</summary>
internal sealed class DepthRequest : WorkItem;

/// <summary>What waits to be sequenced, during one term. Bounded; closed when the term ends.</summary>
internal sealed class CommandQueue
{
    private readonly Channel<WorkItem> _items = Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });
    private int _waiting;

    /// <summary>Commands waiting.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>
    /// Takes the command, or says why not: full (<see cref="ResultStatus.Late"/>) or closed (<see cref="ResultStatus.NotLeader"/>).
    /// </summary>
    public ResultStatus? TryAdd(QueuedCommand request)
    {
        if (Interlocked.Increment(ref _waiting) > MatchingLimits.WaitingCommands)
        {
            Interlocked.Decrement(ref _waiting);
            return ResultStatus.Late;
        }

        if (_items.Writer.TryWrite(request))
            return null;
        Interlocked.Decrement(ref _waiting);
        return ResultStatus.NotLeader;
    }

    /// <summary>For the few items that are not commands; false if closed.</summary>
    public bool TryAddControl(WorkItem item) => _items.Writer.TryWrite(item);

    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (!await _items.Reader.WaitToReadAsync(cancellationToken))
            throw new OperationCanceledException("The queue is closed.");
    }

    public List<WorkItem> Take()
    {
        var taken = new List<WorkItem>();
        while (taken.Count < MatchingLimits.BatchCommands && _items.Reader.TryRead(out var item))
            taken.Add(item);
        Interlocked.Add(ref _waiting, -taken.Count(item => item is QueuedCommand));
        return taken;
    }

    /// <summary>Takes nothing any more; what waited was not sequenced, and its callers get a refusal.</summary>
    public void Close(Func<QueuedCommand, CommandResult> refuse)
    {
        _items.Writer.TryComplete();
        while (_items.Reader.TryRead(out var item))
            Refuse(item, refuse);
    }

    /// <summary>Answers an item that is not and will not be handled.</summary>
    public static void Refuse(WorkItem item, Func<QueuedCommand, CommandResult> refuse)
    {
        if (item is QueuedCommand request)
            request.Answer.TrySetResult(refuse(request));
        else if (item is ProofRequest proof)
            proof.Answer.TrySetResult(null);
    }
}
