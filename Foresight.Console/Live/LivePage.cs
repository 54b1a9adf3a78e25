using Foresight.Console.Access;
using Foresight.Console.Api;
using Microsoft.AspNetCore.Components;

namespace Foresight.Console.Live;

/// <summary>
/// Polling starts with the circuit, not during prerendering, and runs on the circuit's dispatcher, so that pages need no locks.
/// </summary>
public abstract class LivePage : ComponentBase, IAsyncDisposable
{
    /// <summary>Ages are written in seconds, so an unchanged page is drawn again after one.</summary>
    private static readonly TimeSpan AgeStep = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closing = new();
    private readonly List<Reader> _readers = [];
    private DateTimeOffset _drawnAt;
    private bool _started;

    [Inject]
    protected ForesightApiClient Api { get; set; } = null!;

    [Inject]
    protected TimeProvider Clock { get; set; } = null!;

    [Inject]
    protected SessionEnd SessionEnd { get; set; } = null!;

    protected CancellationToken Closing => _closing.Token;

    /// <summary>Must be called while the page initializes, because reading starts after its first rendering.</summary>
    /// <param name="read">Called at once, and then <paramref name="pause"/> after each answer.</param>
    /// <param name="isSame">Spares drawing a page that reads several times a second. Null: every answer is drawn.</param>
    protected LiveValue<T> ReadEvery<T>(TimeSpan pause, Func<CancellationToken, Task<T>> read, Func<T, T, bool>? isSame = null)
        where T : class
    {
        var value = new LiveValue<T>();
        var reader = new Reader(
            pause,
            (result, failure, refusedWith) =>
            {
                var (before, failureBefore) = (value.Value, value.Failure);
                if (failure is null)
                    value.Set((T)result!, Clock.GetUtcNow());
                else
                    value.Fail(failure, Clock.GetUtcNow(), refusedWith);
                return failure != failureBefore || (failure is null && (isSame is null || before is null || !isSame(before, value.Value!)));
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
            // Expected: the page was closed.
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
        int? refusedWith = null;
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
            refusedWith = (e as ApiRefusedException)?.Status;
        }

        if (turn != reader.Turn)
            return;

        var now = Clock.GetUtcNow();
        if (!reader.Apply(result, failure, refusedWith) && now - _drawnAt < AgeStep)
            return;

        _drawnAt = now;
        StateHasChanged();
    }

    private sealed class Reader(
        TimeSpan pause,
        Func<object?, string?, int?, bool> apply,
        Func<CancellationToken, Task<object>> read,
        Freshness value
    )
    {
        public TimeSpan Pause { get; } = pause;

        /// <summary>Takes a result or the reason why there is none. True if that changes what is shown.</summary>
        public Func<object?, string?, int?, bool> Apply { get; } = apply;

        public Func<CancellationToken, Task<object>> Read { get; } = read;

        public Freshness Value { get; } = value;

        public long Turn { get; set; }
    }
}
