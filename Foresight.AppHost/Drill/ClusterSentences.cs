using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Drill;

internal static partial class ClusterSentences
{
    /// <summary>Timeout, far longer than a failover takes; the drill reports a failure when it expires.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan FirstOrder = TimeSpan.FromSeconds(10);

    /// <param name="after">Epoch before the fault: the next leader has a higher one.</param>
    public static async Task LogNextLeaderAsync(this ClusterView cluster, long after, ExecuteCommandContext context)
    {
        var started = TimeProvider.System.GetTimestamp();
        var next = await ClusterView.UntilAsync(
            Patience,
            async () =>
                await cluster.LeaderAsync(context.CancellationToken) is { State: "active" } leader && leader.Epoch > after ? leader : null,
            context.CancellationToken
        );
        if (next is null)
        {
            Log.NoLeader(context.Logger, Patience.TotalSeconds);
            return;
        }

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

        double SecondsAfterNoticing(string phase) => (phases!.GetValueOrDefault(phase) - phases.GetValueOrDefault("detected")) / 1000;
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Node} leads in epoch {Epoch}, after {Seconds:0.00} s.")]
        public static partial void Leads(ILogger logger, string node, long epoch, double seconds);

        [LoggerMessage(LogLevel.Warning, "No node leads after {Seconds:0} s; see the nodes' logs.")]
        public static partial void NoLeader(ILogger logger, double seconds);

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
