using Microsoft.Extensions.Hosting;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>A promotion must be noticed without traffic, so that connections to an old primary are closed within a second or two.</summary>
public sealed class PrimaryWatch(PrimaryServers servers, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// No service may start with a database that may be an old primary, so the start waits for the first survey. A server that does not
    /// answer delays it only briefly.
    /// </summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await servers.FirstSurvey;
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
                await servers.SurveyAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Expected: the host is stopping.
        }
    }
}
