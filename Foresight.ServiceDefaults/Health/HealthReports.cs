using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Health;

/// <summary>
/// The framework's publisher runs the checks once a second, so that a probe is answered from memory at once even while a
/// checked service hangs.
/// </summary>
internal sealed partial class HealthReports(TimeProvider clock, ILogger<HealthReports> logger) : IHealthCheckPublisher
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan CheckBound = TimeSpan.FromSeconds(2);

    /// <summary>A check that ignores its cancellation delays the others, so results older than this count as failed.</summary>
    private static readonly TimeSpan FreshFor = Interval + (2 * CheckBound);

    private readonly Dictionary<string, HealthStatus> _logged = [];
    private volatile Published? _last;

    public (HealthReport Report, DateTimeOffset At, bool IsFresh)? Last =>
        _last is { } last ? (last.Report, last.At, clock.GetElapsedTime(last.Timestamp) < FreshFor) : null;

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        _last = new Published(report, clock.GetUtcNow(), clock.GetTimestamp());
        foreach (var (name, check) in report.Entries)
        {
            if (_logged.GetValueOrDefault(name, HealthStatus.Healthy) != check.Status)
                Log.StatusChanged(logger, check.Exception, name, check.Status, check.Description ?? "");
            _logged[name] = check.Status;
        }

        return Task.CompletedTask;
    }

    private sealed record Published(HealthReport Report, DateTimeOffset At, long Timestamp);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Health check {Check} is now {Status}. {Description}")]
        public static partial void StatusChanged(ILogger logger, Exception? error, string check, HealthStatus status, string description);
    }
}
