namespace Foresight.Matching.Leadership;

/// <summary>
/// A signal that arrives while the loop works is kept, so that its next wait ends at once; several count as one. The continuation runs on
/// the waiter's scheduler and never on the thread pool, so that a simulator decides the order.
/// </summary>
internal sealed class WakeSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private bool _signalled;

    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            waiter = _waiting;
            _signalled = waiter is null;
            _waiting = null;
        }

        waiter?.TrySetResult();
    }

    /// <summary>Completes on the signal or after the time; throws when the token is cancelled. One waiter at a time.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellationToken)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_signalled)
                _waiting = source;
            else
                source.SetResult();
            _signalled = false;
        }

        using var timer = clock.CreateTimer(_ => source.TrySetResult(), null, atMost, Timeout.InfiniteTimeSpan);
        using var registration = cancellationToken.Register(() => source.TrySetResult());
        await source.Task;
        lock (_gate)
        {
            // Ended by the timeout: there is no waiter any more, so the next signal is kept.
            if (_waiting == source)
                _waiting = null;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }
}
