using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// Announces this process: at start, with every heartbeat, on each change of state, and as soon as Redis returns after a fault. Retries
/// while Redis is unreachable; nothing else depends on it.
/// </summary>
public sealed partial class NodeAnnouncer(
    NodeRegistration registration,
    DuplicateNodeGuard namesakes,
    IBroadcast broadcast,
    ClusterMetrics metrics,
    TimeProvider clock,
    ILogger<NodeAnnouncer> logger
) : BackgroundService
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var restored = new SemaphoreSlim(0);
        void OnRestored() => restored.Release();
        broadcast.Restored += OnRestored;
        namesakes.Listen();
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var changed = registration.Changed;
                var announced = await AnnounceAsync(stopping);
                using var round = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                await Task.WhenAny(
                    Task.Delay(announced ? NodeRegistry.HeartbeatInterval : RetryInterval, clock, round.Token),
                    changed,
                    restored.WaitAsync(round.Token)
                );
                await round.CancelAsync();
            }
        }
        finally
        {
            broadcast.Restored -= OnRestored;
            await LeaveAsync();
        }
    }

    private async Task<bool> AnnounceAsync(CancellationToken stopping)
    {
        try
        {
            await registration.WriteAsync(stopping);
            namesakes.Announce();
            metrics.Saw(await registration.ListAsync(stopping));
            return true;
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            metrics.Saw([]);
            Log.NotAnnounced(logger, error.Message);
            return false;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception error)
        {
            // No failure of an announcement may end the process, which has other work.
            metrics.Saw([]);
            Log.Failed(logger, error);
            return false;
        }
    }

    private async Task LeaveAsync()
    {
        try
        {
            await registration.DropAsync();
        }
        catch (Exception error) when (error is RedisException or TimeoutException or ObjectDisposedException)
        {
            // Without a removal the record expires by itself.
            Log.NotAnnounced(logger, error.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Node could not be announced in the registry: {Reason}")]
        public static partial void NotAnnounced(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Error, "Announcement of the node failed with an unexpected error; retrying.")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
