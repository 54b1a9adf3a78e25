using Microsoft.Extensions.Hosting;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>Looks again and again for a promotion, so that connections to an old primary are let go of within a second or two.</summary>
public sealed class PrimaryWatch(PrimaryServers servers, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Nothing of this host begins before it is known where the primary is; who does not answer is not waited for long.</summary>
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
            // The host stops.
        }
    }
}
