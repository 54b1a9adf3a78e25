using Foresight.Console.Access;
using Foresight.Console.Api;
using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Live;

/// <summary>
/// Page that polls while it is open. Polling starts with the circuit, not during prerendering,
/// and runs on the circuit's dispatcher, so that pages need no locks.
/// </summary>
public abstract class LivePage : ComponentBase, IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Reader> _readers = [];
    private bool _started;

    [Inject]
    protected ForesightApiClient Api { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    [Inject]
    protected SessionEnd SessionEnd { get; set; } = null!;

    protected CancellationToken Closing => _closing.Token;

    /// <summary>Must be called while the page initializes.</summary>
    /// <param name="read">Called at once, and then <paramref name="pause"/> after each answer.</param>
    protected LiveValue<T> ReadEvery<T>(TimeSpan pause, Func<CancellationToken, Task<T>> read)
        where T : class
    {
        var value = new LiveValue<T>();
        var reader = new Reader(
            pause,
            (result, failure) =>
            {
                if (failure is null)
                    value.Set((T)result!, Clock.GetUtcNow());
                else
                    value.Fail(failure, Clock.GetUtcNow());
            },
            async cancellationToken => await read(cancellationToken),
            value
        );
        _readers.Add(reader);
        return value;
    }

    protected Task ReadNowAsync(Freshness value) => StepAsync(_readers.Single(reader => ReferenceEquals(reader.Value, value)));

    protected override void OnAfterRender(bool firstRender)
    {
        if (!firstRender || _started || !RendererInfo.IsInteractive)
            return;

        _started = true;
        foreach (var reader in _readers)
            _ = RunAsync(reader);
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _closing.CancelAsync();
    }

    private async Task RunAsync(Reader reader)
    {
        try
        {
            using var timer = new PeriodicTimer(reader.Pause, Clock);
            do await StepAsync(reader);
            while (await timer.WaitForNextTickAsync(_closing.Token));
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The page was closed.
        }
        catch (Exception e)
        {
            await DispatchExceptionAsync(e);
        }
    }

    private async Task StepAsync(Reader reader)
    {
        // The answer to an outdated question (older filters) must not replace that of a newer one.
        var turn = ++reader.Turn;
        object? result = null;
        string? failure = null;
        try
        {
            result = await reader.Read(_closing.Token);
        }
        catch (KeyRefusedException)
        {
            await SessionEnd.RefusedAsync();
            return;
        }
        catch (Exception e) when (e is ApiUnavailableException or ApiRefusedException)
        {
            failure = e.Message;
        }

        if (turn != reader.Turn)
            return;

        reader.Apply(result, failure);
        StateHasChanged();
    }

    private sealed class Reader(TimeSpan pause, Action<object?, string?> apply, Func<CancellationToken, Task<object>> read, Freshness value)
    {
        public TimeSpan Pause { get; } = pause;

        public Action<object?, string?> Apply { get; } = apply;

        public Func<CancellationToken, Task<object>> Read { get; } = read;

        public Freshness Value { get; } = value;

        public long Turn { get; set; }
    }
}
