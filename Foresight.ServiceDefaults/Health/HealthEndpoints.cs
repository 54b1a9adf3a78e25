using System.Text.Json;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Foresight.ServiceDefaults.Health;

public sealed record HealthReportView(string Status, string Node, IReadOnlyDictionary<string, CheckView> Checks);

public sealed record CheckView(string Status, string? Description, double DurationMs, DateTimeOffset? CheckedAt);

public static class HealthEndpoints
{
    public const string Ready = "ready";

    internal static void AddHealth(this IHostApplicationBuilder builder)
    {
        // The framework logs every failure of every run as an error, which would bury the changes that HealthReports logs.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        builder.Services.AddHealthChecks();
        builder.Services.AddSingleton<HealthReports>();
        builder.Services.AddSingleton<IHealthCheckPublisher>(provider => provider.GetRequiredService<HealthReports>());
        builder.Services.Configure<HealthCheckPublisherOptions>(publisher =>
            (publisher.Delay, publisher.Period, publisher.Timeout) = (TimeSpan.Zero, HealthReports.Interval, Timeout.InfiniteTimeSpan)
        );
        builder.Services.PostConfigure<HealthCheckServiceOptions>(health =>
        {
            foreach (var check in health.Registrations)
                check.Timeout = HealthReports.CheckBound;
        });
    }

    /// <summary>
    /// A client library's own health check has another name, and may not make a node unready for what the node can do without.
    /// </summary>
    internal static void AdoptHealthCheck(this IServiceCollection services, string theirName, string name, bool neededToBeReady) =>
        services.Configure<HealthCheckServiceOptions>(health =>
        {
            var check = health.Registrations.Single(check => check.Name == theirName);
            check.Name = name;
            check.FailureStatus = neededToBeReady ? HealthStatus.Unhealthy : HealthStatus.Degraded;
            if (neededToBeReady)
                check.Tags.Add(Ready);
        });

    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // Depends on nothing else, because a process that serves this does not need a restart, whatever else is down.
        routes.MapGet("/alive", () => TypedResults.Text("alive")).ExcludeFromDescription().AllowAnonymous();
        routes
            .MapGet(
                "/ready",
                (HealthReports reports, IOptions<HealthCheckServiceOptions> checks, NodeIdentity node) =>
                    Report(reports, checks, node, Ready)
            )
            .ExcludeFromDescription()
            .AllowAnonymous();
        routes
            .MapGet(
                "/health",
                (HealthReports reports, IOptions<HealthCheckServiceOptions> checks, NodeIdentity node) =>
                    Report(reports, checks, node, tag: null)
            )
            .ExcludeFromDescription()
            .AllowAnonymous();
    }

    private static IResult Report(HealthReports reports, IOptions<HealthCheckServiceOptions> registered, NodeIdentity node, string? tag)
    {
        var last = reports.Last;
        var checks = registered
            .Value.Registrations.Where(check => tag is null || check.Tags.Contains(tag))
            .ToDictionary(check => check.Name, check => View(check, last));
        var status =
            new[] { "unhealthy", "starting", "degraded" }.FirstOrDefault(status => checks.Values.Any(check => check.Status == status))
            ?? "healthy";
        return Results.Json(
            new HealthReportView(status, node.Id, checks),
            JsonSerializerOptions.Web,
            statusCode: status is "healthy" or "degraded" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable
        );
    }

    private static CheckView View(HealthCheckRegistration check, (HealthReport Report, DateTimeOffset At, bool IsFresh)? last)
    {
        if (last is not { } known || !known.Report.Entries.TryGetValue(check.Name, out var result))
            return new CheckView("starting", null, 0, null);
        var (status, description) = known.IsFresh
            // Without the error's message, because this endpoint is public and the message may contain host names.
            ? (result.Status, result.Exception is { } error ? error.GetType().Name : result.Description)
            : (check.FailureStatus, "no answer in time");
        return new CheckView(status.ToString().ToLowerInvariant(), description, Math.Round(result.Duration.TotalMilliseconds, 1), known.At);
    }
}
