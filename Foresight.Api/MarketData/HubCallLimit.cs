using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace Foresight.Api.MarketData;

/// <summary>
/// A call of the hub costs what a request costs (a snapshot, the recovery of a key), so it counts as one of its caller's requests; the
/// middleware counts only the request that opened the connection.
/// </summary>
internal sealed class HubCallLimit(IOptions<RateLimiterOptions> limits) : IHubFilter
{
    /// <exception cref="HubException">The caller has used up its requests of this minute.</exception>
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext call, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        if (call.Context.GetHttpContext() is { } http && limits.Value.GlobalLimiter is { } limiter)
        {
            using var lease = await limiter.AcquireAsync(http, permitCount: 1, call.Context.ConnectionAborted);
            if (!lease.IsAcquired)
                throw new HubException("rate_limited: too many calls and requests from one address; try again in the next minute.");
        }

        return await next(call);
    }
}
