using System.Diagnostics;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Saves a program's state while it runs, and once more before it is stopped.</summary>
internal sealed class StateSaver(Func<CancellationToken, Task> save, Action<string> complain)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LastSaveBound = TimeSpan.FromSeconds(30);

    // Saving costs more the longer the program has run; it may take a twentieth of its time and no more.
    private const int PausePerDuration = 20;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = ShortestPause;
        while (true)
        {
            await Task.Delay(pause, cancellationToken);
            var started = Stopwatch.GetTimestamp();
            await SaveAsync(cancellationToken);
            var next = Stopwatch.GetElapsedTime(started) * PausePerDuration;
            pause = next > ShortestPause ? next : ShortestPause;
        }
    }

    public async Task SaveLastAsync()
    {
        using var bound = new CancellationTokenSource(LastSaveBound);
        await SaveAsync(bound.Token);
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await save(cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or System.Text.Json.JsonException)
        {
            // The state saved before is still there; the program is not stopped for it.
            cancellationToken.ThrowIfCancellationRequested();
            complain($"(its state could not be saved: {e.Message})");
        }
    }
}
