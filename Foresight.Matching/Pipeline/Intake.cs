using System.Threading.Channels;
using Foresight.Contracts;

namespace Foresight.Matching.Pipeline;

/// <summary>What waits to be sequenced, during one term. Bounded; closed when the term ends.</summary>
internal sealed class Intake
{
    private readonly Channel<WorkItem> items = Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });
    private int waiting;

    /// <summary>Commands waiting.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Takes the command, or says why not: full (<see cref="DoorStatus.Late"/>) or closed (<see cref="DoorStatus.NotLeader"/>).</summary>
    public DoorStatus? TryAdd(Request request)
    {
        if (Interlocked.Increment(ref waiting) > PipelineLimits.WaitingCommands)
        {
            Interlocked.Decrement(ref waiting);
            return DoorStatus.Late;
        }

        if (items.Writer.TryWrite(request)) return null;
        Interlocked.Decrement(ref waiting);
        return DoorStatus.NotLeader;
    }

    /// <summary>For the few items that are not commands; false if closed.</summary>
    public bool TryAddControl(WorkItem item) => items.Writer.TryWrite(item);

    public async Task WaitAsync(CancellationToken cancellation)
    {
        if (!await items.Reader.WaitToReadAsync(cancellation)) throw new OperationCanceledException("The intake is closed.");
    }

    public List<WorkItem> Take()
    {
        var taken = new List<WorkItem>();
        while (taken.Count < PipelineLimits.BatchCommands && items.Reader.TryRead(out var item)) taken.Add(item);
        Interlocked.Add(ref waiting, -taken.Count(item => item is Request));
        return taken;
    }

    /// <summary>Nothing is taken any more; what waited was not sequenced, and its callers hear so.</summary>
    public void Close(Func<Request, DoorResult> refuse)
    {
        items.Writer.TryComplete();
        while (items.Reader.TryRead(out var item))
        {
            if (item is Request request) request.Answer.TrySetResult(refuse(request));
            else if (item is ProofRequest proof) proof.Answer.TrySetResult(null);
        }
    }
}
