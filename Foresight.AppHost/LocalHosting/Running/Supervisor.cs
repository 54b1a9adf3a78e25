using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Foresight.AppHost.LocalHosting;

/// <summary>
/// Runs one replica: waits for what it needs, starts it, watches its health and its end. It never restarts by itself (as in Aspire):
/// a crash is shown, with the last lines it wrote, until somebody says start.
/// </summary>
internal sealed class Supervisor(ResourceInstance instance, EngineParts parts) : IDisposable
{
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _commands = new(1, 1);
    private CancellationTokenSource? _run;
    private Task _running = Task.CompletedTask;
    private volatile bool _stopping;
    private bool _startedBefore;
    private StateSaver? _saver;

    public ResourceInstance Instance { get; } = instance;

    public async Task<ExecuteCommandResult> StartAsync()
    {
        await _commands.WaitAsync();
        try
        {
            return StartNow();
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <param name="forGood">It will not be started again in this run: what a throw-away run would save need not be.</param>
    public async Task<ExecuteCommandResult> StopAsync(bool forGood = false)
    {
        await _commands.WaitAsync();
        try
        {
            return await StopNowAsync(forGood);
        }
        finally
        {
            _commands.Release();
        }
    }

    public async Task<ExecuteCommandResult> RestartAsync()
    {
        await _commands.WaitAsync();
        try
        {
            await StopNowAsync(forGood: false);
            return StartNow();
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <summary>kill -9, as a crash would be: no order, no goodbye.</summary>
    public async Task<ExecuteCommandResult> KillAsync()
    {
        if (Instance.Process is not { } process || process.Exited.IsCompleted)
            return CommandResults.Failure($"{Instance.Id} has no process.");
        process.Kill();
        await _running;
        return CommandResults.Success();
    }

    public void KillNow() => Instance.Process?.Kill();

    public void Dispose()
    {
        _run?.Dispose();
        _commands.Dispose();
    }

    private ExecuteCommandResult StartNow()
    {
        if (!_running.IsCompleted)
            return CommandResults.Failure($"{Instance.Id} is {Instance.State}.");
        if (_startedBefore)
            Instance.Restarts++;
        _startedBefore = true;
        _stopping = false;
        _run?.Dispose();
        _run = new CancellationTokenSource();
        var token = _run.Token;
        // Said before this returns, so that nobody who waits for it to be healthy sees the end of the run before.
        Instance.Change(KnownResourceStates.Waiting);
        _running = Task.Run(() => RunAsync(token), CancellationToken.None);
        return CommandResults.Success();
    }

    private async Task<ExecuteCommandResult> StopNowAsync(bool forGood)
    {
        if (_running.IsCompleted)
            return CommandResults.Failure($"{Instance.Id} is not running.");
        _stopping = true;
        Instance.Change(KnownResourceStates.Stopping);
        await _run!.CancelAsync();
        if (_saver is { } saver && Instance.Process is { Exited.IsCompleted: false } && (parts.KeepsState || !forGood))
            await saver.SaveLastAsync();
        if (Instance.Process is { } process && !await process.StopAsync(StopBound))
            Instance.Log.Write($"(did not end within {StopBound.TotalSeconds:0} s and was killed)");
        await _running;
        return CommandResults.Success();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WaitForDependenciesAsync(cancellationToken);
            Instance.Change(KnownResourceStates.Starting);
            var plan = await parts.PlanAsync(Instance, cancellationToken);
            await RunAsync(plan, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Instance.Change(KnownResourceStates.Exited);
        }
        catch (Exception e)
        {
            // Whatever kept it from starting is this resource's failure and no one else's; it is shown with its reason.
            Instance.Log.Write(e.Message);
            Instance.Change(KnownResourceStates.FailedToStart, reason: e.Message);
        }
    }

    private async Task RunAsync(LaunchPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Process is not { } spec)
        {
            await WatchHealthAsync(plan, cancellationToken);
            return;
        }

        parts.ReleasePorts(Instance);
        var process = await parts.StartProcessAsync(spec, Instance.Log.Write);
        Instance.Process = process;
        // A stop that came while the process was being started has not seen it.
        if (cancellationToken.IsCancellationRequested)
            _ = process.StopAsync(StopBound);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _saver = plan.Save is { } save ? new StateSaver(save, Instance.Log.Write) : null;
        var saving = _saver is not null && parts.KeepsState ? _saver.RunAsync(watching.Token) : Task.CompletedTask;
        var health = WatchHealthAsync(plan, watching.Token);
        var exitCode = await process.Exited;
        await watching.CancelAsync();
        try
        {
            await Task.WhenAll(health, saving);
        }
        catch (OperationCanceledException) when (watching.IsCancellationRequested)
        {
            // The end of the process ends the watching.
        }
        Instance.Process = null;
        if (_stopping)
            Instance.Change(KnownResourceStates.Exited, exitCode: exitCode);
        else
            Instance.Change(KnownResourceStates.Finished, exitCode: exitCode, reason: ReasonOf(exitCode));
    }

    private async Task WaitForDependenciesAsync(CancellationToken cancellationToken)
    {
        foreach (var wait in Dependencies.WaitsOf(Instance.Resource))
        {
            Func<ResourceEvent, bool> met = wait.WaitType == WaitType.WaitForCompletion
                ? e => e.Snapshot.State?.Text == KnownResourceStates.Finished && e.Snapshot.ExitCode == wait.ExitCode
                : ResourceNotificationService.IsHealthy;
            Instance.Change(KnownResourceStates.Waiting, reason: $"for {wait.Resource.Name}");
            await parts.Notifications.WaitForAllAsync(wait.Resource.Name, met, failFast: false, cancellationToken);
        }
    }

    private async Task WatchHealthAsync(LaunchPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Probe is not { } probe)
        {
            Instance.Change(KnownResourceStates.Running, HealthStatus.Healthy);
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return;
        }
        Instance.Change(KnownResourceStates.Running, HealthStatus.Unhealthy, reason: "not answering yet");
        var watch = new HealthWatch(probe);
        while (true)
        {
            if (await watch.StepAsync(cancellationToken) is { } changed)
                Instance.Change(KnownResourceStates.Running, changed.Status, reason: changed.Problem);
            await Task.Delay(watch.Interval, cancellationToken);
        }
    }

    private static string? ReasonOf(int exitCode) => exitCode switch
    {
        0 => null,
        > 128 => $"ended by signal {exitCode - 128}",
        _ => $"exit code {exitCode}",
    };
}
