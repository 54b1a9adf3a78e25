namespace Foresight.Matching.Leadership;

/// <summary>
/// Wakes one loop out of its wait. A signal that comes while the loop works is kept, so the next wait ends at once; several are one.
/// What waits goes on where the waiter runs, never on a thread of the pool, so that a simulator decides the order.
/// </summary>
internal sealed class WakeSignal
{
    private readonly Lock gate = new();
    private TaskCompletionSource? waiting;
    private bool signalled;

    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (gate)
        {
            waiter = waiting;
            signalled = waiter is null;
            waiting = null;
        }

        waiter?.TrySetResult();
    }

    /// <summary>Ends with the signal, after the time, or (by an exception) with the token. One waiter at a time.</summary>
    public async Task WaitAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellation)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (!signalled) waiting = source;
            else source.SetResult();
            signalled = false;
        }

        using var timer = clock.CreateTimer(_ => source.TrySetResult(), null, atMost, Timeout.InfiniteTimeSpan);
        using var registration = cancellation.Register(() => source.TrySetResult());
        await source.Task;
        lock (gate)
        {
            // Not by the signal: nobody waits any more, so the next one is kept.
            if (waiting == source) waiting = null;
        }

        cancellation.ThrowIfCancellationRequested();
    }
}
