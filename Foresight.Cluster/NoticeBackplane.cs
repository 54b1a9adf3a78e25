using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.StackExchangeRedis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Foresight.Cluster;

/// <summary>
/// SignalR's Redis backplane of <see cref="NoticeHub"/>, but for its end: it asks Redis to unsubscribe and waits for the answer, and one
/// that hangs must not make a process fail that is ending.
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
            // The connection ends with the process; Redis drops its subscriptions then.
        }
    }
}
