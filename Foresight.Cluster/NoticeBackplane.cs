using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// The original waits at its disposal for Redis to confirm the unsubscription, and a Redis that hangs must not fail a process
/// that is stopping.
/// </summary>
public sealed class NoticeBackplane(
    ILogger<RedisHubLifetimeManager<NoticeHub>> logger,
    IOptions<RedisOptions> options,
    IHubProtocolResolver protocols,
    IOptions<HubOptions> hubs,
    IOptions<HubOptions<NoticeHub>> hub
) : RedisHubLifetimeManager<NoticeHub>(logger, options, protocols, hubs, hub), IDisposable
{
    public new void Dispose()
    {
        try
        {
            base.Dispose();
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // The connection closes with the process, and Redis then drops its subscriptions.
        }
    }
}
