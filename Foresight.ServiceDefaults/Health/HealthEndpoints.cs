using System.Text.Json;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.ServiceDefaults.Health;

/// <param name="Status">healthy, degraded, unhealthy, starting.</param>
public sealed record HealthReportView(string Status, string Node, IReadOnlyDictionary<string, CheckView> Checks);

public sealed record CheckView(string Status, string? Description, double DurationMs, DateTimeOffset? CheckedAt);

public static class HealthEndpoints
{
    internal static IServiceCollection AddHealthBoard(this IServiceCollection services)
    {
        services.AddHealthChecks();
        services.AddSingleton<HealthBoard>();
        services.AddHostedService(provider => provider.GetRequiredService<HealthBoard>());
        return services;
    }

    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        // Depends on nothing: a process that serves this need not be restarted, whatever else is down.
        routes.MapGet("/alive", () => TypedResults.Text("alive")).ExcludeFromDescription().AllowAnonymous();
        routes.MapGet("/ready", (HealthBoard board, NodeIdentity node) => Report(board, node, HealthBoard.Ready)).ExcludeFromDescription()
            .AllowAnonymous();
        routes.MapGet("/health", (HealthBoard board, NodeIdentity node) => Report(board, node, tag: null)).ExcludeFromDescription()
            .AllowAnonymous();
    }

    private static IResult Report(HealthBoard board, NodeIdentity node, string? tag)
    {
        var results = board.Results(tag);
        var status = results.Values.Any(check => check?.Status == HealthStatus.Unhealthy) ? "unhealthy"
            : results.Values.Any(check => check is null) ? "starting"
            : results.Values.Any(check => check!.Status == HealthStatus.Degraded) ? "degraded"
            : "healthy";
        var checks = results.ToDictionary(
            check => check.Key,
            check => new CheckView(
                check.Value?.Status.ToString().ToLowerInvariant() ?? "starting", check.Value?.Description,
                Math.Round(check.Value?.Duration.TotalMilliseconds ?? 0, 1), check.Value?.At));
        return Results.Json(
            new HealthReportView(status, node.Id, checks), JsonSerializerOptions.Web,
            statusCode: status is "healthy" or "degraded" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
