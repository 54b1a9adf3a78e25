namespace Foresight.Matching.Leadership;

/// <summary>
/// Wakes one loop out of its wait. A signal that comes while the loop works is kept, so the next wait ends at once; several are one.
/// What waits goes on where the waiter runs, never on a thread of the pool, so that a simulator decides the order.
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

    /// <summary>Ends with the signal, after the time, or (by an exception) with the token. One waiter at a time.</summary>
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
            // Not by the signal: nobody waits any more, so the next one is kept.
            if (_waiting == source)
                _waiting = null;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }
}
