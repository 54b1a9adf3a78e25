using Foresight.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Cluster;

/// <summary>
/// Hands commands to the node that leads their shard, wherever it is. Commands that come while a batch is on its way form the next one. A
/// command is tried again with the same RequestId, on whichever node leads then, until its deadline: the leader applies it once however
/// often it comes. The result is always a value: <see cref="DoorStatus.Late"/> if it certainly was not applied,
/// <see cref="DoorStatus.InDoubt"/> if nobody could say in time.
/// </summary>
public sealed class LeaderRouter : BackgroundService
{
    /// <summary>Commands in one HTTP request.</summary>
    public const int MaximumBatch = 512;

    /// <summary>Batches of one shard on their way at once.</summary>
    public const int MaximumBatchesInFlight = 8;

    /// <summary>Commands waiting or on their way; beyond it a command is refused at once as <see cref="DoorStatus.Late"/>.</summary>
    public const int MaximumPending = 20_000;

    private readonly LeaderDirectory directory;
    private readonly DoorClient door;
    private readonly TimeProvider clock;
    private readonly IReadOnlyList<ShardLane> lanes;
    private int pendingCount;

    public LeaderRouter(LeaderDirectory directory, ClusterSecret secret, TimeProvider clock, ILogger<LeaderRouter> logger)
    {
        this.directory = directory;
        this.clock = clock;
        door = new DoorClient(secret, clock);
        lanes = [.. Enumerable.Range(0, Shards.Maximum).Select(shard => new ShardLane(shard, directory, door, clock, logger))];
    }

    /// <summary>The leader's answer, at the latest at the command's deadline. Throws only if cancelled by the caller.</summary>
    public async Task<DoorResult> SendAsync(DoorCommand command, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)command.Shard, (uint)Shards.Maximum);
        if (Interlocked.Increment(ref pendingCount) > MaximumPending)
        {
            Interlocked.Decrement(ref pendingCount);
            return Refused(command, DoorStatus.Late);
        }

        var pending = new PendingCommand(command);
        try
        {
            var remaining = command.Deadline - clock.GetUtcNow();
            if (remaining <= TimeSpan.Zero) return Refused(command, DoorStatus.Late);
            lanes[command.Shard].Add(pending);
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

    /// <summary>What the shard's leader says of itself; null if there is none or it does not answer.</summary>
    public async Task<MatchingNodeStatus?> LeaderStatusAsync(int shard = 0, CancellationToken cancellation = default) =>
        await directory.FindAsync(LeasedResources.MatchingOf(shard), cancellation) is { } leader
            ? await door.StatusAsync(leader.Address, shard, cancellation)
            : null;

    /// <summary>The live engine's state hash; null if there is no leader or it does not answer.</summary>
    public async Task<StateProof?> LeaderStateAsync(int shard = 0, CancellationToken cancellation = default) =>
        await directory.FindAsync(LeasedResources.MatchingOf(shard), cancellation) is { } leader
            ? await door.StateAsync(leader.Address, shard, cancellation)
            : null;

    public override void Dispose()
    {
        door.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stopping) => Task.WhenAll(lanes.Select(lane => lane.RunAsync(stopping)));

    internal static DoorResult Refused(DoorCommand command, DoorStatus status) => new(
        command.RequestId, status, status == DoorStatus.InDoubt ? ProblemCodes.InDoubt : ProblemCodes.Unavailable, Epoch: 0, Sequence: 0);
}
