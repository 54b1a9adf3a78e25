namespace Foresight.Matching.Leadership;

/// <summary>
/// Wakes a follower when its connection to the holder closes, instead of up to a poll later. Only a reason to look: a crash is judged as
/// at any other look. At most once in a lease's duration, because a node that was broken into can break off every request.
/// </summary>
internal sealed class HolderWatch(INodeProbe probe, LeaseOptions options, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _cancellation;
    private string? _address;
    private long? _endedAt;

    public event Action? Ended;

    /// <summary>Short in the poll after the end, because the signs of a crash do not come in the same moment.</summary>
    public TimeSpan LookInterval
    {
        get
        {
            lock (_gate)
                return _endedAt is { } at && clock.GetElapsedTime(at) < options.PollInterval
                    ? LeaseRules.ShortestLook(options)
                    : options.PollInterval;
        }
    }

    /// <summary>Called at each look at a holder; has no effect while its address is watched.</summary>
    public void Begin(string address)
    {
        if (!options.CrashFastPath)
            return;
        CancellationTokenSource? before;
        CancellationTokenSource cancellation;
        lock (_gate)
        {
            if (_address == address)
                return;
            before = _cancellation;
            (_cancellation, _address) = (cancellation = new CancellationTokenSource(), address);
        }

        before?.Cancel();
        _ = WatchAsync(address, cancellation);
    }

    /// <summary>For a follower that becomes the leader, or stops.</summary>
    public void End()
    {
        CancellationTokenSource? before;
        lock (_gate)
            (before, _cancellation, _address) = (_cancellation, null, null);
        before?.Cancel();
    }

    private async Task WatchAsync(string address, CancellationTokenSource cancellation)
    {
        var hasEnded = await probe.WaitForEndAsync(address, cancellation.Token);
        lock (_gate)
        {
            if (_cancellation != cancellation)
                return;
            (_cancellation, _address) = (null, null);
            if (!hasEnded || (_endedAt is { } last && clock.GetElapsedTime(last) < options.LeaseDuration))
                return;
            _endedAt = clock.GetTimestamp();
        }

        Ended?.Invoke();
    }
}
