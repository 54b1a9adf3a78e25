using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Turns single probes into a state: healthy at the first good answer, unhealthy again after three bad ones in a row.</summary>
internal sealed class HealthWatch(Func<CancellationToken, Task<string?>> probe)
{
    private const int BadAnswersUntilUnhealthy = 3;

    // Fast while others wait for it, calm afterwards.
    private static readonly TimeSpan UntilHealthy = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan OnceHealthy = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeBound = TimeSpan.FromSeconds(5);

    private bool _healthy;
    private int _badAnswers;
    private string? _lastProblem;

    public TimeSpan Interval => _healthy && _badAnswers == 0 ? OnceHealthy : UntilHealthy;

    /// <returns>What has changed; null when nothing has.</returns>
    public async Task<(HealthStatus Status, string? Problem)?> StepAsync(CancellationToken cancellationToken)
    {
        var problem = await ProbeAsync(cancellationToken);
        if (problem is null)
        {
            _badAnswers = 0;
            _lastProblem = null;
            if (_healthy)
                return null;
            _healthy = true;
            return (HealthStatus.Healthy, null);
        }

        _badAnswers++;
        if (_healthy && _badAnswers < BadAnswersUntilUnhealthy)
            return null;
        if (!_healthy && problem == _lastProblem)
            return null;
        _healthy = false;
        _lastProblem = problem;
        return (HealthStatus.Unhealthy, problem);
    }

    private async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(ProbeBound);
        try
        {
            return await probe(bound.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer within {ProbeBound.TotalSeconds:0} s";
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Any failure to answer is what a probe is for; it becomes the reason that is shown.
            return e.Message;
        }
    }
}
