using System.Threading.Channels;
using Foresight.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Cluster;

/// <summary>
/// Hands commands to the leading matching node, wherever it is. Commands that come while a batch is on its way form the next one. A command
/// is tried again with the same RequestId, on whichever node leads then, until its deadline: the leader applies it once however often it
/// comes. The result is always a value: <see cref="DoorStatus.Late"/> if it certainly was not applied, <see cref="DoorStatus.InDoubt"/> if
/// nobody could say in time.
/// </summary>
public sealed partial class LeaderRouter : BackgroundService
{
    /// <summary>Commands in one HTTP request.</summary>
    public const int MaximumBatch = 512;

    /// <summary>Batches on their way at once.</summary>
    public const int MaximumBatchesInFlight = 8;

    /// <summary>Commands waiting or on their way; beyond it a command is refused at once as <see cref="DoorStatus.Late"/>.</summary>
    public const int MaximumPending = 20_000;

    /// <summary>Pause before a command is tried again: long enough not to hammer, short against a failover.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    /// <summary>How often a batch on its way looks whether the leader is still the one it was sent to.</summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    private readonly LeaderDirectory directory;
    private readonly DoorClient door;
    private readonly TimeProvider clock;
    private readonly ILogger<LeaderRouter> logger;
    private readonly Channel<Pending> queue = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true });
    private int pendingCount;

    public LeaderRouter(LeaderDirectory directory, ClusterSecret secret, TimeProvider clock, ILogger<LeaderRouter> logger)
    {
        this.directory = directory;
        this.clock = clock;
        this.logger = logger;
        door = new DoorClient(secret, clock);
    }

    /// <summary>The leader's answer, at the latest at the command's deadline. Throws only if cancelled by the caller.</summary>
    public async Task<DoorResult> SendAsync(DoorCommand command, CancellationToken cancellation = default)
    {
        if (Interlocked.Increment(ref pendingCount) > MaximumPending)
        {
            Interlocked.Decrement(ref pendingCount);
            return Refused(command, DoorStatus.Late);
        }

        var pending = new Pending(command);
        try
        {
            var remaining = command.Deadline - clock.GetUtcNow();
            if (remaining <= TimeSpan.Zero) return Refused(command, DoorStatus.Late);
            queue.Writer.TryWrite(pending);
            return await pending.Answer.Task.WaitAsync(remaining, clock, cancellation);
        }
        catch (TimeoutException)
        {
            return Refused(command, pending.MayBeApplied ? DoorStatus.InDoubt : DoorStatus.Late);
        }
        finally
        {
            // Whoever still holds it sees that nobody waits any more.
            pending.Answer.TrySetCanceled(CancellationToken.None);
            Interlocked.Decrement(ref pendingCount);
        }
    }

    /// <summary>The leader's answers, in the order of the commands.</summary>
    public async Task<IReadOnlyList<DoorResult>> SendAsync(IReadOnlyList<DoorCommand> commands, CancellationToken cancellation = default) =>
        await Task.WhenAll(commands.Select(command => SendAsync(command, cancellation)));

    /// <summary>What the leading node says of itself; null if there is none or it does not answer.</summary>
    public async Task<MatchingNodeStatus?> LeaderStatusAsync(CancellationToken cancellation = default) =>
        await directory.FindAsync(LeasedResources.Matching, cancellation) is { } leader ? await door.StatusAsync(leader.Address, cancellation) : null;

    /// <summary>The live engine's state hash; null if there is no leader or it does not answer.</summary>
    public async Task<StateProof?> LeaderStateAsync(CancellationToken cancellation = default) =>
        await directory.FindAsync(LeasedResources.Matching, cancellation) is { } leader ? await door.StateAsync(leader.Address, cancellation) : null;

    public override void Dispose()
    {
        door.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var slots = new SemaphoreSlim(MaximumBatchesInFlight);
        try
        {
            while (await queue.Reader.WaitToReadAsync(stopping))
            {
                await slots.WaitAsync(stopping);
                var batch = TakeBatch();
                if (batch.Count == 0) slots.Release();
                else _ = SendAndReleaseAsync(batch, slots, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops; callers still waiting get their answer at their deadline.
        }

        for (var i = 0; i < MaximumBatchesInFlight; i++) await slots.WaitAsync(CancellationToken.None);
    }

    private List<Pending> TakeBatch()
    {
        var batch = new List<Pending>();
        while (batch.Count < MaximumBatch && queue.Reader.TryRead(out var pending))
            if (!pending.Answer.Task.IsCompleted) batch.Add(pending);
        return batch;
    }

    private async Task SendAndReleaseAsync(List<Pending> batch, SemaphoreSlim slots, CancellationToken stopping)
    {
        try
        {
            var again = await SendBatchAsync(batch, stopping);
            if (again.Count == 0) return;
            await Task.Delay(RetryPause, clock, stopping);
            foreach (var pending in again) queue.Writer.TryWrite(pending);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // As above.
        }
        catch (Exception error)
        {
            // A defect of ours: say so, and let the commands run into their deadlines as in doubt rather than hang.
            Log.BatchFailed(logger, error);
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>Sends once and returns the commands that are still without a final answer.</summary>
    private async Task<List<Pending>> SendBatchAsync(List<Pending> batch, CancellationToken stopping)
    {
        var leader = await directory.FindAsync(LeasedResources.Matching, stopping);
        if (leader is null) return batch;

        DoorAnswer answer;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watch = CancelWhenAnotherLeadsAsync(leader, gone);
        try
        {
            foreach (var pending in batch) pending.MayBeApplied = true;
            answer = await door.SendAsync(leader.Address, [.. batch.Select(pending => pending.Command)], gone.Token);
        }
        catch (Exception error) when (DoorClient.IsConnectionFault(error) && !stopping.IsCancellationRequested)
        {
            // Nothing was sent if there was no connection; anything else leaves it open whether the leader has the batch.
            if (DoorClient.WasNeverSent(error))
                foreach (var pending in batch) pending.MayBeApplied = pending.WasInDoubt;
            else
                foreach (var pending in batch) pending.WasInDoubt = true;
            Log.NotDelivered(logger, batch.Count, leader.NodeId, error.Message);
            directory.Forget(LeasedResources.Matching);
            return batch;
        }
        finally
        {
            await gone.CancelAsync();
            await watch;
        }

        return Settle(batch, answer);
    }

    private List<Pending> Settle(List<Pending> batch, DoorAnswer answer)
    {
        var results = new Dictionary<Guid, DoorResult>(answer.Results.Count);
        foreach (var result in answer.Results) results[result.RequestId] = result;
        var again = new List<Pending>();
        foreach (var pending in batch)
        {
            if (!results.TryGetValue(pending.Command.RequestId, out var result)) result = Refused(pending.Command, DoorStatus.InDoubt);
            switch (result.Status)
            {
                case DoorStatus.NotLeader:
                    directory.Forget(LeasedResources.Matching);
                    pending.MayBeApplied = pending.WasInDoubt;
                    again.Add(pending);
                    break;
                case DoorStatus.InDoubt:
                    pending.WasInDoubt = true;
                    again.Add(pending);
                    break;
                case DoorStatus.Late when pending.WasInDoubt:
                    // This try did nothing, but an earlier one may have.
                    pending.Answer.TrySetResult(Refused(pending.Command, DoorStatus.InDoubt));
                    break;
                default:
                    pending.Answer.TrySetResult(result);
                    break;
            }
        }

        return again;
    }

    /// <summary>A leader that hangs (stopped, cut off) does not close its connections; the lease tells that another one leads.</summary>
    private async Task CancelWhenAnotherLeadsAsync(LeaseRecord leader, CancellationTokenSource gone)
    {
        try
        {
            while (true)
            {
                await Task.Delay(WatchInterval, clock, gone.Token);
                if (await directory.FindAsync(LeasedResources.Matching, gone.Token) is { } now && now.Token != leader.Token) break;
            }

            await gone.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The answer came, or the host stops.
        }
    }

    private static DoorResult Refused(DoorCommand command, DoorStatus status) => new(
        command.RequestId, status, status == DoorStatus.InDoubt ? ProblemCodes.InDoubt : ProblemCodes.Unavailable, Epoch: 0, Sequence: 0);

    private sealed class Pending(DoorCommand command)
    {
        public DoorCommand Command { get; } = command;

        public TaskCompletionSource<DoorResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>A node may have it, now or from an earlier try.</summary>
        public volatile bool MayBeApplied;

        /// <summary>An earlier try ended without a final word.</summary>
        public volatile bool WasInDoubt;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} commands were not answered by {NodeId} ({Reason}); they are sent again.")]
        public static partial void NotDelivered(ILogger logger, int count, string nodeId, string reason);

        [LoggerMessage(LogLevel.Error, "A batch of commands failed in this process.")]
        public static partial void BatchFailed(ILogger logger, Exception error);
    }
}
