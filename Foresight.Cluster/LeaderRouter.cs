using System.Diagnostics;
using System.Threading.Channels;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

/// <summary>
/// Commands that arrive while a batch is under way form the next one. A command is retried with the same RequestId, on any node that then
/// leads, until its deadline; the leader applies it once however often it arrives. The result is always a value:
/// <see cref="ResultStatus.Late"/> if it was certainly not applied, <see cref="ResultStatus.InDoubt"/> if no leader could answer in time.
/// </summary>
public sealed class LeaderRouter : BackgroundService
{
    public const int MaximumBatch = 512;

    public const int MaximumBatchesInFlight = 8;

    /// <summary>
    /// Of commands waiting or under way. One more is refused at once as <see cref="ResultStatus.Late"/>, so its caller may send it again.
    /// </summary>
    public const int MaximumPending = 20_000;

    private const int Lanes = 3;

    private readonly LeaderDirectory _directory;
    private readonly GatewayClient _gateway;
    private readonly TimeProvider _clock;
    private readonly IReadOnlyList<ShardChannel> _channels;
    private int _pendingCount;

    public LeaderRouter(LeaderDirectory directory, NodeProof proof, TimeProvider clock, ILogger<LeaderRouter> logger)
    {
        _directory = directory;
        _clock = clock;
        _gateway = new GatewayClient(proof, clock);
        _channels =
        [
            .. Enumerable
                .Range(0, Shards.Maximum * Lanes)
                .Select(lane => new ShardChannel(lane / Lanes, directory, _gateway, clock, logger)),
        ];
    }

    /// <summary>Returns at the latest at the command's deadline, because a leader may hang. Throws only if the caller cancels.</summary>
    public Task<CommandResult> SendAsync(LeaderCommand command, CancellationToken cancellationToken = default) =>
        SendAsync(command, term: null, cancellationToken);

    private async Task<CommandResult> SendAsync(LeaderCommand command, TermClaim? term, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)command.Shard, (uint)Shards.Maximum);
        if (Interlocked.Increment(ref _pendingCount) > MaximumPending)
        {
            Interlocked.Decrement(ref _pendingCount);
            return Refused(command, ResultStatus.Late);
        }

        var pending = new PendingCommand(command, term);
        try
        {
            var remaining = command.Deadline - _clock.GetUtcNow();
            if (remaining <= TimeSpan.Zero)
                return Refused(command, ResultStatus.Late);
            _channels[(command.Shard * Lanes) + LaneOf(command)].Add(pending);
            return await pending.Answer.Task.WaitAsync(remaining, _clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            return Refused(command, pending.MayBeApplied ? ResultStatus.InDoubt : ResultStatus.Late);
        }
        finally
        {
            // Marks the command as abandoned, so that a batch which still holds it drops it.
            pending.Answer.TrySetCanceled(CancellationToken.None);
            Interlocked.Decrement(ref _pendingCount);
        }
    }

    public async Task<IReadOnlyList<CommandResult>> SendAsync(
        IReadOnlyList<LeaderCommand> commands,
        CancellationToken cancellationToken = default
    ) => await Task.WhenAll(commands.Select(command => SendAsync(command, term: null, cancellationToken)));

    /// <summary>
    /// The leader believes facts of the chain only under the term that entitles this node to report them (docs/decisions/0441).
    /// </summary>
    public async Task<IReadOnlyList<CommandResult>> ReportAsync(
        IReadOnlyList<LeaderCommand> facts,
        TermClaim term,
        CancellationToken cancellationToken = default
    ) => await Task.WhenAll(facts.Select(fact => SendAsync(fact, term, cancellationToken)));

    public async Task<MatchingNodeStatus?> LeaderStatusAsync(int shard = 0, CancellationToken cancellationToken = default) =>
        await _directory.FindAsync(LeasedResources.MatchingOf(shard), cancellationToken) is { } leader
            ? await _gateway.StatusAsync(leader.Address, shard, cancellationToken)
            : null;

    public async Task<StateDigest?> LeaderStateAsync(int shard = 0, CancellationToken cancellationToken = default) =>
        await _directory.FindAsync(LeasedResources.MatchingOf(shard), cancellationToken) is { } leader
            ? await _gateway.StateAsync(leader.Address, shard, cancellationToken)
            : null;

    public override void Dispose()
    {
        _gateway.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stopping) =>
        Task.WhenAll(_channels.Select(channel => channel.RunAsync(stopping)));

    /// <summary>
    /// The leader asks the chain about contract wallets' commands, and a batch is answered as a whole. So they share neither batches nor
    /// places under way with the others, nor their orders with their cancels.
    /// </summary>
    private static int LaneOf(LeaderCommand command) =>
        command switch
        {
            PlaceOrder { SignedByContract: true } => 1,
            CancelBySalt { SignedByContract: true } => 2,
            _ => 0,
        };

    internal static CommandResult Refused(LeaderCommand command, ResultStatus status) =>
        new(command.RequestId, status, status == ResultStatus.InDoubt ? ProblemCodes.InDoubt : ProblemCodes.Unavailable);
}

internal sealed class PendingCommand(LeaderCommand command, TermClaim? term)
{
    public LeaderCommand Command { get; } = command;

    public TermClaim? Term { get; } = term;

    public TaskCompletionSource<CommandResult> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A node may have received the command, in this or an earlier attempt, so without an answer it is in doubt.</summary>
    public volatile bool MayBeApplied;

    /// <summary>
    /// An earlier attempt ended without a definite result, so a later <see cref="ResultStatus.Late"/> does not mean that the command
    /// was not applied.
    /// </summary>
    public volatile bool WasInDoubt;
}

/// <summary>
/// Channels of its own for each shard, so that a shard without a leader holds up no other. Commands that arrive while a batch is under way
/// form the next one.
/// </summary>
internal sealed partial class ShardChannel(int shard, LeaderDirectory directory, GatewayClient gateway, TimeProvider clock, ILogger logger)
{
    /// <summary>Long enough not to overload the leader, short compared with a failover.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

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
        // A batch has one term, so commands of another term wait for the next batch.
        while (
            batch.Count < LeaderRouter.MaximumBatch
            && _queue.Reader.TryPeek(out var next)
            && (batch.Count == 0 || next.Term == batch[0].Term)
            && _queue.Reader.TryRead(out var pending)
        )
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

    private async Task<List<PendingCommand>> SendBatchAsync(List<PendingCommand> batch, CancellationToken stopping)
    {
        var leader = await directory.FindAsync(_resource, stopping);
        if (leader is null)
            return batch;

        CommandAnswer answer;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var watch = CancelWhenAnotherLeadsAsync(leader, gone);
        // Only the request's own spans are children of this one, because each order's trace continues from the context in its command.
        using var span = TraceContext.StartBatch(ActivitySources.Api, SpanNames.DeliverBatch, SampledOf(batch));
        try
        {
            foreach (var pending in batch)
                pending.MayBeApplied = true;
            answer = await gateway.SendAsync(leader.Address, [.. batch.Select(pending => pending.Command)], batch[0].Term, gone.Token);
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

        return Settle(batch, leader, answer);
    }

    private static IEnumerable<ActivityContext> SampledOf(List<PendingCommand> batch)
    {
        foreach (var pending in batch)
            if (TraceContext.Parse(pending.Command.TraceParent) is { } context)
                yield return context;
    }

    /// <summary>A result that names a later term than that of the lease is not believed until Postgres names the term.</summary>
    private List<PendingCommand> Settle(List<PendingCommand> batch, LeaseRecord leader, CommandAnswer answer)
    {
        var results = new Dictionary<Guid, CommandResult>(answer.Results.Count);
        foreach (var result in answer.Results)
            if (result.Epoch <= leader.Epoch)
                results[result.RequestId] = result;
            else
                directory.Forget(_resource);
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

    /// <summary>
    /// A leader that hangs (stopped, cut off) does not close its connections, so a batch would wait for it until its deadline.
    /// </summary>
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
            // The answer arrived, or the host is stopping; neither is a failure.
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
