using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Threading.RateLimiting;
using Foresight.Api.Access;
using Foresight.Api.Problems;
using Foresight.Cluster;
using Foresight.Cluster.Proof;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StackExchange.Redis;

namespace Microsoft.AspNetCore.Builder;

public static class AccessExtensions
{
    /// <summary>
    /// Requests per minute and address over all nodes; <c>RATE_LIMIT_PER_MINUTE</c>, 0 turns the limit off. The default lets a market maker
    /// send hundreds of orders a second from one address, and still keeps one caller from exhausting the nodes.
    /// </summary>
    private const int DefaultPerMinute = 300_000;

    /// <summary>
    /// Cancels have a limit of their own on each node, of the same number and at least this, so that neither what a caller sent before nor
    /// Redis keeps it from withdrawing its orders. 100 a second is still little work for a node.
    /// </summary>
    private const int LeastCancelsPerMinute = 6_000;

    public static WebApplicationBuilder AddAccess(this WebApplicationBuilder builder)
    {
        // Created here, so that a missing key fails the start and not the first request.
        builder.Services.AddSingleton(new AdminAccess(builder.Configuration));
        var proxies = TrustedProxies.Of(builder.Configuration);
        builder.Services.PostConfigure<ForwardedHeadersOptions>(options => TrustedProxies.ApplyTo(options, proxies));
        builder.Services.AddSingleton<RefusedKeys>();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<IRequestCounter>(provider => new RedisRequestCounter(
            provider.GetRequiredService<IDatabase>(),
            () => provider.GetRequiredService<NodeRegistry>().CountKnown(NodeKinds.Api),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RedisRequestCounter>>()
        ));
        builder.Services.AddSingleton<CallerPartitions>();
        var perMinute = builder.Configuration.Integer("RATE_LIMIT_PER_MINUTE", DefaultPerMinute, 0, int.MaxValue);
        var cancelsPerMinute = Math.Max(perMinute, LeastCancelsPerMinute);
        builder.Services.AddRateLimiter(limits =>
        {
            limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limits.OnRejected = async (rejected, _) =>
            {
                const string OrShared = "or from all that share its limit while very many new addresses call";
                var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(60);
                await new ProblemResult(
                    new Problem(
                        ProblemCodes.RateLimited,
                        IsCancel(rejected.HttpContext)
                            ? $"At most {cancelsPerMinute} cancels a minute are taken from one address, {OrShared}."
                            : $"At most {perMinute} requests a minute are taken from one address, {OrShared}. "
                                + "Cancels have a limit of their own."
                    )
                    {
                        RetryAfter = wait,
                    }
                ).ExecuteAsync(rejected.HttpContext);
            };
        });
        builder
            .Services.AddOptions<RateLimiterOptions>()
            .Configure<IRequestCounter, CallerPartitions, TimeProvider>(
                (limits, counter, partitions, clock) =>
                    limits.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (bool, string)>(http =>
                        perMinute == 0 || IsProbe(http.Request.Path) ? RateLimitPartition.GetNoLimiter((false, ""))
                        : IsCancel(http)
                            ? RateLimitPartition.GetFixedWindowLimiter(
                                (true, partitions.Of(http)),
                                _ => new FixedWindowRateLimiterOptions { PermitLimit = cancelsPerMinute, Window = TimeSpan.FromMinutes(1) }
                            )
                        : RateLimitPartition.Get(
                            (false, partitions.Of(http)),
                            ((bool IsCancel, string Caller) partition) => new SharedLimiter(partition.Caller, perMinute, counter, clock)
                        )
                    )
            );
        return builder;
    }

    /// <summary>Must come before the routes: headers, metrics and the rate limit apply only to what follows in the pipeline.</summary>
    public static WebApplication UseAccess(this WebApplication app)
    {
        var duration = app
            .Services.GetRequiredService<IMeterFactory>()
            .Create(MetricNames.Meter)
            .CreateHistogram<double>(MetricNames.ApiRequestDuration, "s", "Time to answer a request, by route.");
        app.UseForwardedHeaders();
        app.Use(
            async (http, next) =>
            {
                var started = Stopwatch.GetTimestamp();
                var headers = http.Response.Headers;
                headers.XContentTypeOptions = "nosniff";
                headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
                headers["Referrer-Policy"] = "no-referrer";
                headers.CacheControl = "no-store";
                try
                {
                    await next(http);
                }
                finally
                {
                    // Label by route pattern, not by path: ids in paths would make the number of series unbounded. A hub connection is not
                    // counted, because it lasts for hours.
                    var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
                    if (!route.StartsWith("/hubs", StringComparison.Ordinal))
                    {
                        duration.Record(
                            Stopwatch.GetElapsedTime(started).TotalSeconds,
                            new("route", route),
                            new("method", MethodOf(http.Request.Method)),
                            new("status", http.Response.StatusCode.ToString(CultureInfo.InvariantCulture))
                        );
                    }
                }
            }
        );
        return app;
    }

    public static RouteGroupBuilder RequireAdminKey(this RouteGroupBuilder routes) => routes.WithMetadata(new AdminOnly());

    public static RouteGroupBuilder ShowsMoreToAdmins(this RouteGroupBuilder routes) => routes.WithMetadata(new AdminSeesMore());

    /// <summary>Every route that cancels needs it: what other requests have used up must not stop a cancel.</summary>
    public static RouteHandlerBuilder HasLimitOfCancels(this RouteHandlerBuilder route) => route.WithMetadata(new LimitOfCancels());

    /// <summary>Must come after routing: the gate reads the selected endpoint's metadata.</summary>
    public static WebApplication UseAdminGate(this WebApplication app)
    {
        app.UseMiddleware<AdminGate>();
        return app;
    }

    private static string MethodOf(string method) =>
        HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method)
            ? method.ToUpperInvariant()
            : "other";

    private static bool IsCancel(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<LimitOfCancels>() is not null;

    private static bool IsProbe(PathString path) => path.Value is "/alive" or "/ready" or "/health" or "/metrics";

    private sealed record LimitOfCancels;
}
