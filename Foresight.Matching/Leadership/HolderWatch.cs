namespace Foresight.Matching.Leadership;

/// <summary>
/// Wakes a follower when its connection to the holder closes, instead of up to a poll later. Only a reason to look: a crash is judged as
/// at any other look.
/// </summary>
internal sealed class HolderWatch(INodeProbe probe, LeaseOptions options, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _ending;
    private string? _address;
    private long? _endedAt;

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
    public void Begin(string address, Action whenEnded)
    {
        if (!options.CrashFastPath)
            return;
        var ending = new CancellationTokenSource();
        CancellationTokenSource? before;
        lock (_gate)
        {
            if (_address == address)
                return;
            (before, _ending, _address) = (_ending, ending, address);
        }

        before?.Cancel();
        _ = WatchAsync(address, ending, whenEnded);
    }

    /// <summary>For a follower that becomes the leader, or stops.</summary>
    public void End()
    {
        CancellationTokenSource? before;
        lock (_gate)
            (before, _ending, _address, _endedAt) = (_ending, null, null, null);
        before?.Cancel();
    }

    private async Task WatchAsync(string address, CancellationTokenSource ending, Action whenEnded)
    {
        var beganAt = clock.GetTimestamp();
        var hasEnded = await probe.WaitForEndAsync(address, ending.Token);
        lock (_gate)
        {
            if (_ending != ending)
                return;
            (_ending, _address) = (null, null);
            // Otherwise a node that breaks off every request at once would keep its followers looking often.
            hasEnded &= clock.GetElapsedTime(beganAt) >= options.PollInterval;
            if (hasEnded)
                _endedAt = clock.GetTimestamp();
        }

        if (hasEnded)
            whenEnded();
    }
}
