using Foresight.Cluster;
using Foresight.Protocol;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Joins the backplane as one connection in the group of every public topic, whatever the number of clients. A client therefore costs Redis
/// nothing, can connect during a Redis outage, and gets notices through its bounded outbox like everything else.
/// </summary>
public sealed partial class NoticeReceiver(
    NoticeReader reader,
    IServiceProvider services,
    ILoggerFactory loggers,
    ILogger<NoticeReceiver> logger
) : BackgroundService
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The backplane obeys any message that removes a connection from its groups, so the groups are joined again; where that is so already
    /// it costs nothing.
    /// </summary>
    private static readonly TimeSpan JoinInterval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isLogged = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            // A new instance for each attempt: a backplane that failed to subscribe once never retries.
            using var backplane = ActivatorUtilities.CreateInstance<NoticeBackplane>(services);
            var node = new NodeConnection(reader, loggers);
            try
            {
                await backplane.OnConnectedAsync(node);
                await JoinAsync();
                Log.Joined(logger);
                while (true)
                {
                    await Task.Delay(JoinInterval, stoppingToken);
                    await JoinAsync();
                }

                async Task JoinAsync()
                {
                    foreach (var topic in NoticeTopics.All)
                        await backplane.AddToGroupAsync(node.ConnectionId, topic, stoppingToken);
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // Catches everything: a node without notices still serves all the rest. Logged once, not on each attempt.
                if (!isLogged)
                    Log.NotJoined(logger, error.Message);
                isLogged = true;
                // Disposed without leaving its groups: some may be joined, and a hanging Redis would block the leave.
                node.Ignore();
                await Task.Delay(RetryPause, stoppingToken);
            }
        }
    }

    private sealed class NodeConnection(NoticeReader reader, ILoggerFactory loggers)
        : HubConnectionContext(new DefaultConnectionContext(Guid.NewGuid().ToString("N")), new HubConnectionContextOptions(), loggers)
    {
        private volatile bool _isIgnored;

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
        [LoggerMessage(LogLevel.Information, "Joined the backplane; forwarding the cluster's notices to clients.")]
        public static partial void Joined(ILogger logger);

        [LoggerMessage(LogLevel.Warning, "Failed to join the backplane; clients get no notices until a retry succeeds: {Reason}")]
        public static partial void NotJoined(ILogger logger, string reason);
    }
}
