using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Foresight.ServiceDefaults.Health;

/// <param name="At">When the check ended.</param>
public sealed record CheckResult(HealthStatus Status, string? Description, TimeSpan Duration, DateTimeOffset At);

/// <summary>
/// Runs every registered check again and again in the background and keeps the last result, so that a probe is answered from memory at
/// once, even while the thing that is checked hangs. A check that has not ended in time counts as failed until it does.
/// </summary>
public sealed partial class HealthBoard(
    IServiceScopeFactory scopes, IOptions<HealthCheckServiceOptions> options, TimeProvider clock,
    ILogger<HealthBoard> logger) : BackgroundService
{
    /// <summary>Tag of the checks that decide readiness.</summary>
    public const string Ready = "ready";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, CheckResult> results = new();

    /// <summary>Last results by name. A check that never ended is missing from it while the process starts.</summary>
    public IReadOnlyDictionary<string, CheckResult?> Results(string? tag) =>
        options.Value.Registrations
            .Where(check => tag is null || check.Tags.Contains(tag))
            .ToDictionary(check => check.Name, check => results.GetValueOrDefault(check.Name));

    protected override Task ExecuteAsync(CancellationToken stopping) =>
        Task.WhenAll(options.Value.Registrations.Select(check => KeepCheckingAsync(check, stopping)));

    private async Task KeepCheckingAsync(HealthCheckRegistration check, CancellationToken stopping)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                await CheckOnceAsync(check, stopping);
                await Task.Delay(Interval, clock, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host stops; so do the checks.
        }
    }

    private async Task CheckOnceAsync(HealthCheckRegistration check, CancellationToken stopping)
    {
        var started = clock.GetTimestamp();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        bound.CancelAfter(Bound);
        // On the pool, so that a check that blocks its thread blocks neither the other checks nor this loop.
        var running = Task.Run(() => RunAsync(check, bound.Token), CancellationToken.None);
        HealthCheckResult result;
        try
        {
            result = await running.WaitAsync(Bound, clock, stopping);
        }
        catch (TimeoutException)
        {
            Store(check, started, new HealthCheckResult(check.FailureStatus, $"no answer within {Bound.TotalSeconds:0} s"));
            // Not started again before it ends: a dependency that hangs must not collect waiting checks.
            result = await running.WaitAsync(stopping);
        }

        Store(check, started, result);
    }

    private async Task<HealthCheckResult> RunAsync(HealthCheckRegistration check, CancellationToken cancellation)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            return await check.Factory(scope.ServiceProvider).CheckHealthAsync(
                new HealthCheckContext { Registration = check }, cancellation);
        }
        catch (Exception error)
        {
            // Any failure of a check is a result; the message stays in the log because it may name hosts.
            Log.CheckThrew(logger, error, check.Name);
            return new HealthCheckResult(
                check.FailureStatus, error is OperationCanceledException ? "no answer in time" : error.GetType().Name);
        }
    }

    private void Store(HealthCheckRegistration check, long started, HealthCheckResult result)
    {
        var now = new CheckResult(result.Status, result.Description, clock.GetElapsedTime(started), clock.GetUtcNow());
        var before = results.GetValueOrDefault(check.Name);
        results[check.Name] = now;
        if (before?.Status != now.Status && (before is not null || now.Status != HealthStatus.Healthy))
            Log.StatusChanged(logger, check.Name, now.Status, now.Description ?? "");
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Health check {Check} failed with an exception.")]
        public static partial void CheckThrew(ILogger logger, Exception error, string check);

        [LoggerMessage(LogLevel.Information, "Health check {Check} is {Status} now. {Description}")]
        public static partial void StatusChanged(ILogger logger, string check, HealthStatus status, string description);
    }
}
