using Foresight.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.Cluster;

/// <summary>
/// Hands commands to the node that leads their shard, wherever it is. Commands that come while a batch is on its way form the next one. A
/// command is tried again with the same RequestId, on whichever node leads then, until its deadline: the leader applies it once however
/// often it comes. The result is always a value: <see cref="ResultStatus.Late"/> if it certainly was not applied,
/// <see cref="ResultStatus.InDoubt"/> if nobody could say in time.
/// </summary>
public sealed class LeaderRouter : BackgroundService
{
    /// <summary>Commands in one HTTP request.</summary>
    public const int MaximumBatch = 512;

    /// <summary>Batches of one shard on their way at once.</summary>
    public const int MaximumBatchesInFlight = 8;

    /// <summary>Commands waiting or on their way; beyond it a command is refused at once as <see cref="ResultStatus.Late"/>.</summary>
    public const int MaximumPending = 20_000;

    private readonly LeaderDirectory directory;
    private readonly GatewayClient gateway;
    private readonly TimeProvider clock;
    private readonly IReadOnlyList<ShardChannel> channels;
    private int pendingCount;

    public LeaderRouter(LeaderDirectory directory, ClusterSecret secret, TimeProvider clock, ILogger<LeaderRouter> logger)
    {
        this.directory = directory;
        this.clock = clock;
        gateway = new GatewayClient(secret, clock);
        channels = [.. Enumerable.Range(0, Shards.Maximum).Select(shard => new ShardChannel(shard, directory, gateway, clock, logger))];
    }

    /// <summary>The leader's answer, at the latest at the command's deadline. Throws only if cancelled by the caller.</summary>
    public async Task<CommandResult> SendAsync(LeaderCommand command, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)command.Shard, (uint)Shards.Maximum);
        if (Interlocked.Increment(ref pendingCount) > MaximumPending)
        {
            Interlocked.Decrement(ref pendingCount);
            return Refused(command, ResultStatus.Late);
        }

        var pending = new PendingCommand(command);
        try
        {
            var remaining = command.Deadline - clock.GetUtcNow();
            if (remaining <= TimeSpan.Zero) return Refused(command, ResultStatus.Late);
            channels[command.Shard].Add(pending);
            return await pending.Answer.Task.WaitAsync(remaining, clock, cancellation);
        }
        catch (TimeoutException)
        {
            return Refused(command, pending.MayBeApplied ? ResultStatus.InDoubt : ResultStatus.Late);
        }
        finally
        {
            // Whoever still holds it sees that nobody waits any more.
            pending.Answer.TrySetCanceled(CancellationToken.None);
            Interlocked.Decrement(ref pendingCount);
        }
    }

    /// <summary>The leader's answers, in the order of the commands.</summary>
    public async Task<IReadOnlyList<CommandResult>> SendAsync(IReadOnlyList<LeaderCommand> commands, CancellationToken cancellation = default) =>
        await Task.WhenAll(commands.Select(command => SendAsync(command, cancellation)));

    /// <summary>What the shard's leader says of itself; null if there is none or it does not answer.</summary>
    public async Task<MatchingNodeStatus?> LeaderStatusAsync(int shard = 0, CancellationToken cancellation = default) =>
        await directory.FindAsync(LeasedResources.MatchingOf(shard), cancellation) is { } leader
            ? await gateway.StatusAsync(leader.Address, shard, cancellation)
            : null;

    /// <summary>The live engine's state hash; null if there is no leader or it does not answer.</summary>
    public async Task<StateDigest?> LeaderStateAsync(int shard = 0, CancellationToken cancellation = default) =>
        await directory.FindAsync(LeasedResources.MatchingOf(shard), cancellation) is { } leader
            ? await gateway.StateAsync(leader.Address, shard, cancellation)
            : null;

    public override void Dispose()
    {
        gateway.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stopping) => Task.WhenAll(channels.Select(channel => channel.RunAsync(stopping)));

    internal static CommandResult Refused(LeaderCommand command, ResultStatus status) =>
        new(command.RequestId, status, status == ResultStatus.InDoubt ? ProblemCodes.InDoubt : ProblemCodes.Unavailable);
}
