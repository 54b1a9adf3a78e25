using System.Threading.Channels;
using Foresight.Protocol;

namespace Foresight.Matching.Orders;

internal abstract class WorkItem;

/// <summary>Wakes the loop, so that its timers run while no command arrives.</summary>
internal sealed class Tick : WorkItem;

/// <summary>Requests the state hash at a committed sequence. Answered by the loop, because only its thread may read the engine.</summary>
internal sealed class ProofRequest : WorkItem
{
    public TaskCompletionSource<StateDigest?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Requests a depth snapshot of every market, because receivers may have missed messages.</summary>
internal sealed class DepthRequest : WorkItem;

/// <summary>
/// The commands that wait to be sequenced during one term. Bounded, so that a slow journal leads to refusals instead of growing delays;
/// closed when the term ends.
/// </summary>
internal sealed class CommandQueue(long epoch)
{
    private readonly Channel<WorkItem> _items = Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });
    private int _waiting;

    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>
    /// Adds the command. Returns null, or the reason of a refusal: full (<see cref="ResultStatus.Late"/>) or closed (<see
    /// cref="ResultStatus.NotLeader"/>).
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

    /// <summary>Adds one of the few items that are not commands, past the bound; false if the queue is closed.</summary>
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

    /// <summary>Closes the queue and refuses the commands in it: none was sequenced, so their callers can safely retry elsewhere.</summary>
    public void Close()
    {
        _items.Writer.TryComplete();
        while (_items.Reader.TryRead(out var item))
            Refuse(item);
    }

    /// <summary>Answers an item that was not handled and never will be, so that no caller waits for its timeout.</summary>
    public void Refuse(WorkItem item)
    {
        if (item is QueuedCommand { Command.RequestId: var id } request)
            request.Answer.TrySetResult(new CommandResult(id, ResultStatus.NotLeader, ProblemCodes.NotLeader, epoch));
        else if (item is ProofRequest proof)
            proof.Answer.TrySetResult(null);
    }
}
