using Foresight.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

/// <summary>
/// Sends commands to the leader of their shard. Commands that arrive while a batch is under way form the next one. A command is retried
/// with the same RequestId, on whichever node then leads, until its deadline; the leader applies it once however often it arrives. The
/// result is always a value: <see cref="ResultStatus.Late"/> if it was certainly not applied, <see cref="ResultStatus.InDoubt"/> if no
/// leader could answer in time.
/// </summary>
public sealed class LeaderRouter : BackgroundService
{
    public const int MaximumBatch = 512;

    public const int MaximumBatchesInFlight = 8;

    /// <summary>Most commands waiting or under way; one more is refused at once as <see cref="ResultStatus.Late"/>.</summary>
    public const int MaximumPending = 20_000;

    private readonly LeaderDirectory _directory;
    private readonly GatewayClient _gateway;
    private readonly TimeProvider _clock;
    private readonly IReadOnlyList<ShardChannel> _channels;
    private int _pendingCount;

    public LeaderRouter(LeaderDirectory directory, ClusterSecret secret, TimeProvider clock, ILogger<LeaderRouter> logger)
    {
        _directory = directory;
        _clock = clock;
        _gateway = new GatewayClient(secret, clock);
        _channels = [.. Enumerable.Range(0, Shards.Maximum).Select(shard => new ShardChannel(shard, directory, _gateway, clock, logger))];
    }

    /// <summary>Returns the leader's result, at the latest at the command's deadline. Throws only if the caller cancels.</summary>
    public async Task<CommandResult> SendAsync(LeaderCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)command.Shard, (uint)Shards.Maximum);
        if (Interlocked.Increment(ref _pendingCount) > MaximumPending)
        {
            Interlocked.Decrement(ref _pendingCount);
            return Refused(command, ResultStatus.Late);
        }

        var pending = new PendingCommand(command);
        try
        {
            var remaining = command.Deadline - _clock.GetUtcNow();
            if (remaining <= TimeSpan.Zero)
                return Refused(command, ResultStatus.Late);
            _channels[command.Shard].Add(pending);
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

    /// <summary>Returns the results in the order of the commands.</summary>
    public async Task<IReadOnlyList<CommandResult>> SendAsync(
        IReadOnlyList<LeaderCommand> commands,
        CancellationToken cancellationToken = default
    ) => await Task.WhenAll(commands.Select(command => SendAsync(command, cancellationToken)));

    /// <summary>Returns the status of the shard's leader; null if there is none or it does not answer.</summary>
    public async Task<MatchingNodeStatus?> LeaderStatusAsync(int shard = 0, CancellationToken cancellationToken = default) =>
        await _directory.FindAsync(LeasedResources.MatchingOf(shard), cancellationToken) is { } leader
            ? await _gateway.StatusAsync(leader.Address, shard, cancellationToken)
            : null;

    /// <summary>Returns the live engine's state hash; null if there is no leader or it does not answer.</summary>
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

    internal static CommandResult Refused(LeaderCommand command, ResultStatus status) =>
        new(command.RequestId, status, status == ResultStatus.InDoubt ? ProblemCodes.InDoubt : ProblemCodes.Unavailable);
}
