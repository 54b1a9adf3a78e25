using Microsoft.Extensions.Hosting;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Surveys the servers periodically for a promotion, so that connections to an old primary are closed within a second or two.
/// </summary>
public sealed class PrimaryWatch(PrimaryServers servers, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Delays the host's start until the primary is known; a server that does not answer delays it only briefly.</summary>
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
            // The host is stopping.
        }
    }
}
