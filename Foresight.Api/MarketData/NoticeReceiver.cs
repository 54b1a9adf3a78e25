using Foresight.Cluster;
using Foresight.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Joins the backplane. To it this node is one connection, in the group of every public topic, whatever number of clients it has: so a
/// client costs Redis nothing, can connect while Redis is away, and gets notices through its bounded outbox like everything else.
/// </summary>
public sealed partial class NoticeReceiver(
    NoticeReader reader,
    IServiceProvider services,
    ILoggerFactory loggers,
    ILogger<NoticeReceiver> logger
) : BackgroundService
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isLogged = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            // Made here rather than shared: a backplane that once could not subscribe never tries again, and is replaced.
            using var backplane = ActivatorUtilities.CreateInstance<NoticeBackplane>(services);
            var node = new NodeConnection(reader, loggers);
            try
            {
                await backplane.OnConnectedAsync(node);
                foreach (var topic in NoticeTopics.All)
                    await backplane.AddToGroupAsync(node.ConnectionId, topic, stoppingToken);
                Log.Joined(logger);
                await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // Any fault: a node without notices serves all the rest. Logged once, however often it is tried.
                if (!isLogged)
                    Log.NotJoined(logger, error.Message);
                isLogged = true;
                // Some of its groups may have been joined, and a Redis that hangs could not let it leave them.
                node.Ignore();
                await Task.Delay(RetryPause, stoppingToken);
            }
        }
    }

    /// <summary>What the backplane writes to.</summary>
    private sealed class NodeConnection(NoticeReader reader, ILoggerFactory loggers)
        : HubConnectionContext(new DefaultConnectionContext(Guid.NewGuid().ToString("N")), new HubConnectionContextOptions(), loggers)
    {
        private volatile bool _isIgnored;

        /// <summary>Takes nothing any more.</summary>
        public void Ignore() => _isIgnored = true;

        public override ValueTask WriteAsync(SerializedHubMessage message, CancellationToken cancellationToken = default)
        {
            if (!_isIgnored)
                reader.Take(message);
            return ValueTask.CompletedTask;
        }

        public override ValueTask WriteAsync(HubMessage message, CancellationToken cancellationToken = default) =>
            WriteAsync(new SerializedHubMessage(message), cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "This node takes the cluster's notices to its clients.")]
        public static partial void Joined(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "The backplane cannot be joined yet, and clients get no notices until then: {Reason}")]
        public static partial void NotJoined(ILogger logger, string reason);
    }
}
