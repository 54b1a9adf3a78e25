using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;

namespace Microsoft.Extensions.DependencyInjection;

public static class NodeClientExtensions
{
    /// <summary>
    /// For a client that itself tries one node after the other: only a read whose connection fails is retried, once, and a node that does
    /// not answer at all is skipped for a moment. Error responses are left to the caller, which knows the next node.
    /// </summary>
    /// <param name="timeout">Limit on one request, including the retry.</param>
    public static IHttpClientBuilder AddNodeResilience(this IHttpClientBuilder http, TimeSpan timeout, int maxInFlight)
    {
#pragma warning disable EXTEXP0001 // The only way for one client to leave the default.
        http.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        http.AddStandardResilienceHandler(options =>
            {
                options.RateLimiter.DefaultRateLimiterOptions.PermitLimit = maxInFlight;
                options.TotalRequestTimeout.Timeout = options.AttemptTimeout.Timeout = timeout;
                options.Retry.MaxRetryAttempts = 1;
                options.Retry.BackoffType = DelayBackoffType.Constant;
                options.Retry.Delay = TimeSpan.FromMilliseconds(100);
                options.Retry.ShouldHandle = retry => ValueTask.FromResult(retry.Outcome.Exception is HttpRequestException);
                options.Retry.DisableForUnsafeHttpMethods();
                options.CircuitBreaker.FailureRatio = 1;
                options.CircuitBreaker.MinimumThroughput = 10;
                options.CircuitBreaker.SamplingDuration = TimeSpan.FromSeconds(30) + (2 * timeout);
                options.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(1);
                options.CircuitBreaker.ShouldHandle = answer =>
                    ValueTask.FromResult(answer.Outcome.Exception is HttpRequestException or TimeoutRejectedException);
            })
            .SelectPipelineByAuthority();
        return http;
    }
}
