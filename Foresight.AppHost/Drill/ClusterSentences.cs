using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Drill;

internal static partial class ClusterSentences
{
    /// <summary>Far longer than a failover takes, so that its end is a failure of the cluster.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan FirstOrder = TimeSpan.FromSeconds(10);

    /// <param name="after">Epoch before the fault, because the next leader is known by a higher one.</param>
    public static async Task<ExecuteCommandResult> AwaitNextLeaderAsync(this ClusterView cluster, long after, ExecuteCommandContext context)
    {
        var started = TimeProvider.System.GetTimestamp();
        if (await cluster.ActiveLeaderAsync(after, context) is not { } next)
            return CommandResults.Failure($"no other node leads after {Patience.TotalSeconds:0} s; see the nodes' logs.");

        Log.Leads(context.Logger, next.NodeId, next.Epoch, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
        var phases = await ClusterView.UntilAsync(
            FirstOrder,
            async () =>
                await cluster.PhasesAsync(next.Epoch, context.CancellationToken) is var reached && reached.ContainsKey("first_ack")
                    ? reached
                    : null,
            context.CancellationToken
        );
        if (phases is null)
            Log.NoOrder(context.Logger);
        else
            Log.Acknowledged(
                context.Logger,
                next.NodeId,
                SecondsAfterNoticing("fenced"),
                SecondsAfterNoticing("recovered"),
                SecondsAfterNoticing("first_ack")
            );
        return CommandResults.Success();

        double SecondsAfterNoticing(string phase) => (phases!.GetValueOrDefault(phase) - phases.GetValueOrDefault("detected")) / 1000;
    }

    /// <param name="after">The leader's epoch is higher; 0 for any leader.</param>
    /// <returns>Null if there is none within <see cref="Patience"/>.</returns>
    public static Task<Leader?> ActiveLeaderAsync(this ClusterView cluster, long after, ExecuteCommandContext context) =>
        ClusterView.UntilAsync(
            Patience,
            async () =>
                await cluster.LeaderAsync(context.CancellationToken) is { State: "active" } leader && leader.Epoch > after ? leader : null,
            context.CancellationToken
        );

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Node} leads in epoch {Epoch}, after {Seconds:0.00} s.")]
        public static partial void Leads(ILogger logger, string node, long epoch, double seconds);

        [LoggerMessage(
            LogLevel.Information,
            "Counted from when {Node} noticed: term taken after {Fenced:0.00} s, journal read after {Recovered:0.00} s, "
                + "first acknowledgement after {FirstAck:0.00} s."
        )]
        public static partial void Acknowledged(ILogger logger, string node, double fenced, double recovered, double firstAck);

        [LoggerMessage(LogLevel.Information, "No order has come since, so none was acknowledged; the simulator sends some.")]
        public static partial void NoOrder(ILogger logger);
    }
}
