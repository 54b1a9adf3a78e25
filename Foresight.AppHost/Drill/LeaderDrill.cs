using System.ComponentModel;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Faults of the leader. Each command logs the fault, the next leader, and the time until each step of the failover. One command runs at a
/// time, so that effects can be attributed to it.
/// </summary>
/// <param name="network">Null without relays: partitions are then unavailable.</param>
/// <param name="seconds">Duration of a pause or partition, <c>Drill:Seconds</c>. The default is three times the default lease, so that the
/// lease has certainly expired.</param>
internal sealed partial class LeaderDrill(ClusterView cluster, DrillNetwork? network, string? seconds)
{
    private const double DefaultSeconds = 15;

    private readonly TimeSpan _duration = TimeSpan.FromSeconds(
        seconds is null ? DefaultSeconds : double.Parse(seconds, CultureInfo.InvariantCulture)
    );
    private readonly SemaphoreSlim _one = new(1, 1);

    public Task<ExecuteCommandResult> KillAsync(ExecuteCommandContext context) =>
        DoAsync(
            context,
            async (leader, process) =>
            {
                Log.Kills(context.Logger, leader.NodeId, process, leader.Epoch);
                Signals.Send(process, Signals.Kill);
                await LogNextLeaderAsync(leader, context);
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
                try
                {
                    await LogNextLeaderAsync(leader, context);
                    await over;
                }
                finally
                {
                    Signals.Send(process, Signals.Continue);
                }

                Log.Continues(context.Logger, leader.NodeId, leader.Epoch);
                await LogFollowsAsync(leader, context);
            }
        );

    /// <param name="kinds">redis, postgres, or both.</param>
    public Func<ExecuteCommandContext, Task<ExecuteCommandResult>> PartitionFrom(params string[] kinds) =>
        context =>
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
                        using (network.CutOff(process, kinds))
                        {
                            await LogNextLeaderAsync(leader, context);
                            await over;
                        }

                        Log.Heals(context.Logger, leader.NodeId, leader.Epoch);
                        await LogFollowsAsync(leader, context);
                    }
                );

    private async Task<ExecuteCommandResult> DoAsync(ExecuteCommandContext context, Func<Leader, int, Task> act)
    {
        if (!await _one.WaitAsync(TimeSpan.Zero, context.CancellationToken))
            return CommandResults.Failure("another drill is under way.");
        try
        {
            if (await cluster.LeaderAsync(context.CancellationToken) is not { State: "active" } leader)
                return CommandResults.Failure("no node leads at the moment.");
            if (await cluster.NodeAsync(leader.NodeId, context.CancellationToken) is not { } node)
                return CommandResults.Failure($"{leader.NodeId} leads and has not announced itself yet.");
            await act(leader, node.ProcessId);
            return CommandResults.Success();
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

    private Task LogNextLeaderAsync(Leader before, ExecuteCommandContext context) => cluster.LogNextLeaderAsync(before.Epoch, context);

    private async Task LogFollowsAsync(Leader before, ExecuteCommandContext context)
    {
        var started = TimeProvider.System.GetTimestamp();
        var follows = await ClusterView.UntilAsync(
            ClusterSentences.Patience,
            async () => await cluster.NodeAsync(before.NodeId, context.CancellationToken) is { State: "follower" } node ? node : null,
            context.CancellationToken
        );
        if (follows is null)
            Log.DoesNotFollow(context.Logger, before.NodeId, ClusterSentences.Patience.TotalSeconds);
        else
            Log.Follows(context.Logger, before.NodeId, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
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

        [LoggerMessage(LogLevel.Warning, "{Node} has not become a follower within {Seconds:0} s.")]
        public static partial void DoesNotFollow(ILogger logger, string node, double seconds);
    }
}
