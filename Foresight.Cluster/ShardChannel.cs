using System.Diagnostics;
using System.Threading.Channels;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

internal sealed class PendingCommand(LeaderCommand command)
{
    public LeaderCommand Command { get; } = command;

    public TaskCompletionSource<CommandResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>True if a node may have received it, in this or an earlier attempt.</summary>
    public volatile bool MayBeApplied;

    /// <summary>True if an earlier attempt ended without a definite result.</summary>
    public volatile bool WasInDoubt;
}

/// <summary>
/// Sends commands to one shard's leader. Commands that arrive while a batch is under way form the next one; shards do not wait for each
/// other.
/// </summary>
internal sealed partial class ShardChannel(int shard, LeaderDirectory directory, GatewayClient gateway, TimeProvider clock, ILogger logger)
{
    /// <summary>Pause before a retry: long enough not to overload the leader, short compared with a failover.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Interval of the checks that a batch's leader still holds the lease: one that hangs does not close its connections.
    /// </summary>
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    private readonly string _resource = LeasedResources.MatchingOf(shard);
    private readonly Channel<PendingCommand> _queue = Channel.CreateUnbounded<PendingCommand>(
        new UnboundedChannelOptions { SingleReader = true }
    );

    public void Add(PendingCommand command) => _queue.Writer.TryWrite(command);

    public async Task RunAsync(CancellationToken stopping)
    {
        using var slots = new SemaphoreSlim(LeaderRouter.MaximumBatchesInFlight);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(stopping))
            {
                await slots.WaitAsync(stopping);
                var batch = TakeBatch();
                if (batch.Count == 0)
                    slots.Release();
                else
                    _ = SendAndReleaseAsync(batch, slots, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host is stopping; callers that still wait get a result at their deadline.
        }

        for (var i = 0; i < LeaderRouter.MaximumBatchesInFlight; i++)
            await slots.WaitAsync(CancellationToken.None);
    }

    private List<PendingCommand> TakeBatch()
    {
        var batch = new List<PendingCommand>();
        while (batch.Count < LeaderRouter.MaximumBatch && _queue.Reader.TryRead(out var pending))
            if (!pending.Answer.Task.IsCompleted)
                batch.Add(pending);
        return batch;
    }

    private async Task SendAndReleaseAsync(List<PendingCommand> batch, SemaphoreSlim slots, CancellationToken stopping)
    {
        try
        {
            var again = await SendBatchAsync(batch, stopping);
            if (again.Count == 0)
                return;
            await Task.Delay(RetryPause, clock, stopping);
            foreach (var pending in again)
                _queue.Writer.TryWrite(pending);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host is stopping: the batch's callers get a result at their deadlines.
        }
        catch (Exception error)
        {
            // A defect: log it, and let the commands end as in doubt at their deadlines instead of hanging.
            Log.BatchFailed(logger, error);
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>Sends the batch once and returns the commands that still have no definite result.</summary>
    private async Task<List<PendingCommand>> SendBatchAsync(List<PendingCommand> batch, CancellationToken stopping)
    {
        var leader = await directory.FindAsync(_resource, stopping);
        if (leader is null)
            return batch;

        CommandAnswer answer;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watch = CancelWhenAnotherLeadsAsync(leader, gone);
        // The request's own spans are children of this one; each order's trace continues from the context in its command.
        using var span = TraceContext.StartBatch(ActivitySources.Api, SpanNames.DeliverBatch, SampledOf(batch));
        try
        {
            foreach (var pending in batch)
                pending.MayBeApplied = true;
            answer = await gateway.SendAsync(leader.Address, [.. batch.Select(pending => pending.Command)], gone.Token);
        }
        catch (Exception error) when (GatewayClient.IsConnectionFault(error) && !stopping.IsCancellationRequested)
        {
            // Without a connection nothing was sent; after any other fault the leader may have received the batch.
            if (GatewayClient.WasNeverSent(error))
                foreach (var pending in batch)
                    pending.MayBeApplied = pending.WasInDoubt;
            else
                foreach (var pending in batch)
                    pending.WasInDoubt = true;
            Log.NotDelivered(logger, batch.Count, leader.NodeId, error.Message);
            directory.Forget(_resource);
            return batch;
        }
        finally
        {
            await gone.CancelAsync();
            await watch;
        }

        return Settle(batch, answer);
    }

    private static IEnumerable<ActivityContext> SampledOf(List<PendingCommand> batch)
    {
        foreach (var pending in batch)
            if (TraceContext.Parse(pending.Command.TraceParent) is { } context)
                yield return context;
    }

    private List<PendingCommand> Settle(List<PendingCommand> batch, CommandAnswer answer)
    {
        var results = new Dictionary<Guid, CommandResult>(answer.Results.Count);
        foreach (var result in answer.Results)
            results[result.RequestId] = result;
        var again = new List<PendingCommand>();
        foreach (var pending in batch)
        {
            if (!results.TryGetValue(pending.Command.RequestId, out var result))
                result = LeaderRouter.Refused(pending.Command, ResultStatus.InDoubt);
            switch (result.Status)
            {
                case ResultStatus.NotLeader:
                    directory.Forget(_resource);
                    pending.MayBeApplied = pending.WasInDoubt;
                    again.Add(pending);
                    break;
                case ResultStatus.InDoubt:
                    pending.WasInDoubt = true;
                    again.Add(pending);
                    break;
                case ResultStatus.Late when pending.WasInDoubt:
                    // This attempt had no effect, but an earlier one may have had.
                    pending.Answer.TrySetResult(LeaderRouter.Refused(pending.Command, ResultStatus.InDoubt));
                    break;
                default:
                    pending.Answer.TrySetResult(result);
                    break;
            }
        }

        return again;
    }

    /// <summary>Cancels when another node holds the lease: a leader that hangs (stopped, cut off) does not close its connections.</summary>
    private async Task CancelWhenAnotherLeadsAsync(LeaseRecord leader, CancellationTokenSource gone)
    {
        try
        {
            while (true)
            {
                await Task.Delay(WatchInterval, clock, gone.Token);
                if (await directory.FindAsync(_resource, gone.Token) is { } now && now.Token != leader.Token)
                    break;
            }

            await gone.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The answer arrived, or the host is stopping.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Count} commands were not answered by {NodeId} ({Reason}); retrying.")]
        public static partial void NotDelivered(ILogger logger, int count, string nodeId, string reason);

        [LoggerMessage(LogLevel.Error, "Batch of commands failed with an unexpected error; its callers get in doubt at their deadlines.")]
        public static partial void BatchFailed(ILogger logger, Exception error);
    }
}
