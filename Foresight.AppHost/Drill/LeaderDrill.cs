using System.ComponentModel;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Drill;

/// <summary>One command runs at a time, so that its effects can be attributed to it.</summary>
/// <param name="network">Null without relays: partitions are then unavailable.</param>
/// <param name="seconds">
/// Duration of a pause or partition, <c>Drill:Seconds</c>. The default is three times the default lease, so that the lease has
/// certainly expired.
/// </param>
/// <exception cref="DistributedApplicationException"><paramref name="seconds"/> is no duration.</exception>
internal sealed partial class LeaderDrill(ClusterView cluster, DrillNetwork? network, string? seconds)
{
    private const double DefaultSeconds = 15;

    private const double MaximumSeconds = 600;

    private readonly TimeSpan _duration = TimeSpan.FromSeconds(seconds is null ? DefaultSeconds : Read(seconds));
    private readonly SemaphoreSlim _one = new(1, 1);

    public Task<ExecuteCommandResult> KillAsync(ExecuteCommandContext context) =>
        DoAsync(
            context,
            async (leader, process) =>
            {
                Log.Kills(context.Logger, leader.NodeId, process, leader.Epoch);
                Signals.Send(process, Signals.Kill);
                return await cluster.AwaitNextLeaderAsync(leader.Epoch, context);
            }
        );

    public Task<ExecuteCommandResult> PauseAsync(ExecuteCommandContext context) =>
        DoAsync(
            context,
            async (leader, process) =>
            {
                Log.Pauses(context.Logger, leader.NodeId, process, leader.Epoch, _duration.TotalSeconds);
                var over = Task.Delay(_duration, context.CancellationToken);
                Signals.Send(process, Signals.Stop);
                ExecuteCommandResult next;
                try
                {
                    next = await cluster.AwaitNextLeaderAsync(leader.Epoch, context);
                    await over;
                }
                finally
                {
                    Signals.Send(process, Signals.Continue);
                }

                Log.Continues(context.Logger, leader.NodeId, leader.Epoch);
                return next.Success ? await AwaitFollowsAsync(leader, context) : next;
            }
        );

    /// <param name="kinds">postgres, or postgres and redis: without Postgres a leader cannot keep its lease.</param>
    public Func<ExecuteCommandContext, Task<ExecuteCommandResult>> PartitionFrom(params string[] kinds) =>
        context =>
            PartitionAsync(
                context,
                kinds,
                leader => cluster.AwaitNextLeaderAsync(leader.Epoch, context),
                leader => AwaitFollowsAsync(leader, context)
            );

    /// <summary>The lease is in Postgres, so the leader goes on; only what it publishes does not arrive.</summary>
    public Task<ExecuteCommandResult> PartitionFromRedisAsync(ExecuteCommandContext context) =>
        PartitionAsync(context, ["redis"], _ => Task.FromResult(CommandResults.Success()), leader => StillLeadsAsync(leader, context));

    private Task<ExecuteCommandResult> PartitionAsync(
        ExecuteCommandContext context,
        string[] kinds,
        Func<Leader, Task<ExecuteCommandResult>> during,
        Func<Leader, Task<ExecuteCommandResult>> after
    ) =>
        network is null
            ? Task.FromResult(
                CommandResults.Failure(
                    "needs --drill: start the AppHost with it, and a relay stands between the matching nodes and their servers."
                )
            )
            : DoAsync(
                context,
                async (leader, process) =>
                {
                    Log.CutsOff(context.Logger, leader.NodeId, string.Join(" and ", kinds), leader.Epoch, _duration.TotalSeconds);
                    var over = Task.Delay(_duration, context.CancellationToken);
                    ExecuteCommandResult done;
                    using (network.CutOff(process, kinds))
                    {
                        done = await during(leader);
                        await over;
                    }

                    Log.Heals(context.Logger, leader.NodeId, leader.Epoch);
                    return done.Success ? await after(leader) : done;
                }
            );

    private static double Read(string seconds) =>
        double.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var read)
        && read is > 0 and <= MaximumSeconds
            ? read
            : throw new DistributedApplicationException(
                $"Drill:Seconds must be a number above 0, at most {MaximumSeconds:0}, not '{seconds}'."
            );

    private async Task<ExecuteCommandResult> DoAsync(ExecuteCommandContext context, Func<Leader, int, Task<ExecuteCommandResult>> act)
    {
        if (!await _one.WaitAsync(TimeSpan.Zero, context.CancellationToken))
            return CommandResults.Failure("another drill is under way.");
        try
        {
            if (await cluster.LeaderAsync(context.CancellationToken) is not { State: "active" } leader)
                return CommandResults.Failure("no node leads at the moment.");
            if (await cluster.NodeAsync(leader.NodeId, context.CancellationToken) is not { } node)
                return CommandResults.Failure($"{leader.NodeId} leads and has not announced itself yet.");
            return await act(leader, node.ProcessId);
        }
        catch (Win32Exception e)
        {
            return CommandResults.Failure($"the leader's process is not there: {e.Message}");
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<ExecuteCommandResult> AwaitFollowsAsync(Leader before, ExecuteCommandContext context)
    {
        var started = TimeProvider.System.GetTimestamp();
        var follows = await ClusterView.UntilAsync(
            ClusterSentences.Patience,
            async () => await cluster.NodeAsync(before.NodeId, context.CancellationToken) is { State: "follower" } node ? node : null,
            context.CancellationToken
        );
        if (follows is null)
            return CommandResults.Failure(
                $"{before.NodeId} has not become a follower within {ClusterSentences.Patience.TotalSeconds:0} s."
            );
        Log.Follows(context.Logger, before.NodeId, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        return CommandResults.Success();
    }

    private async Task<ExecuteCommandResult> StillLeadsAsync(Leader before, ExecuteCommandContext context)
    {
        if (await cluster.ActiveLeaderAsync(after: 0, context) is not { } now)
            return CommandResults.Failure("no node leads; see the nodes' logs.");
        if (now.Epoch != before.Epoch)
            return CommandResults.Failure($"{now.NodeId} leads in epoch {now.Epoch}, and Redis decides no leadership.");
        Log.StillLeads(context.Logger, now.NodeId, now.Epoch);
        return CommandResults.Success();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "kill -9 of {Node} (process {Process}), which leads in epoch {Epoch}.")]
        public static partial void Kills(ILogger logger, string node, int process, long epoch);

        [LoggerMessage(
            LogLevel.Information,
            "SIGSTOP of {Node} (process {Process}), which leads in epoch {Epoch}, for {Seconds:0.#} s: it cannot notice the pause."
        )]
        public static partial void Pauses(ILogger logger, string node, int process, long epoch, double seconds);

        [LoggerMessage(LogLevel.Information, "SIGCONT of {Node}: it resumes and still considers itself leader in epoch {Epoch}.")]
        public static partial void Continues(ILogger logger, string node, long epoch);

        [LoggerMessage(
            LogLevel.Information,
            "{Node}, which leads in epoch {Epoch}, no longer reaches {Servers} for {Seconds:0.#} s: nothing is refused, nothing answers."
        )]
        public static partial void CutsOff(ILogger logger, string node, string servers, long epoch, double seconds);

        [LoggerMessage(LogLevel.Information, "Partition ended: messages that {Node} sent in epoch {Epoch} arrive late.")]
        public static partial void Heals(ILogger logger, string node, long epoch);

        [LoggerMessage(LogLevel.Information, "{Node} follows after {Seconds:0.00} s.")]
        public static partial void Follows(ILogger logger, string node, double seconds);

        [LoggerMessage(LogLevel.Information, "{Node} still leads in epoch {Epoch}: its lease is in Postgres.")]
        public static partial void StillLeads(ILogger logger, string node, long epoch);
    }
}
