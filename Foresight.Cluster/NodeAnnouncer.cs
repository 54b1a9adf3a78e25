using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// Announces at start, with every heartbeat, on each change of state, and as soon as Redis returns, because it may have lost the record.
/// Retries while Redis is unreachable; nothing else depends on it.
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
    /// <summary>Processes of one name may find each other later than a silent node is noticed, and reading all nodes costs more.</summary>
    private static readonly TimeSpan WholeInterval = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        var restored = new SemaphoreSlim(0);
        void OnRestored() => restored.Release();
        broadcast.Restored += OnRestored;
        namesakes.Listen();
        try
        {
            var (isWhole, wholeAt) = (true, clock.GetTimestamp());
            while (!stopping.IsCancellationRequested)
            {
                if (isWhole)
                    wholeAt = clock.GetTimestamp();
                var changed = registration.Changed;
                var announced = await AnnounceAsync(isWhole, stopping);
                using var round = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                var heartbeat = Task.Delay(NodeRegistry.HeartbeatInterval, clock, round.Token);
                var isRestored = restored.WaitAsync(round.Token);
                await Task.WhenAny(heartbeat, changed, isRestored);
                // After a failure too, because Redis may have lost everything meanwhile.
                isWhole =
                    changed.IsCompleted
                    || isRestored.IsCompletedSuccessfully
                    || !announced
                    || clock.GetElapsedTime(wholeAt) >= WholeInterval;
                await round.CancelAsync();
            }
        }
        finally
        {
            broadcast.Restored -= OnRestored;
            await LeaveAsync();
        }
    }

    /// <param name="isWhole">False: a heartbeat alone, which is one record.</param>
    private async Task<bool> AnnounceAsync(bool isWhole, CancellationToken stopping)
    {
        try
        {
            await registration.WriteAsync(stopping);
            if (!isWhole)
                return true;
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
            // A failure to announce must not end the process, which has other work.
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
            // If it is not removed, the record expires by itself.
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
