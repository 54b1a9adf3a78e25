namespace Foresight.Matching.Leadership;

/// <summary>
/// A follower learns of the end of the holder's process from the connection between them, which the system closes, and not up to a poll
/// later. That is only a reason to look: whether the holder has crashed is decided as at every other look.
/// </summary>
internal sealed class HolderWatch(INodeProbe probe, LeaseOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>The signs of a crash do not come at the same moment, so a follower looks this often in the poll after the end.</summary>
    private const int LooksPerPoll = 10;

    private readonly Lock _gate = new();
    private CancellationTokenSource? _watching;
    private string? _address;
    private long? _endedAt;

    public event Action? Ended;

    public TimeSpan NextLook => HasJustEnded ? options.PollInterval / LooksPerPoll : options.PollInterval;

    /// <summary>
    /// Called at each look at a holder. Begins only when the watch before ended more than a poll's time ago: an address that closes
    /// every connection at once must not keep a follower looking.
    /// </summary>
    public void Begin(string address)
    {
        CancellationToken ending;
        lock (_gate)
        {
            if (!options.CrashFastPath || _address == address || HasJustEnded)
                return;
            _watching?.Cancel();
            _watching = new CancellationTokenSource();
            _address = address;
            ending = _watching.Token;
        }

        _ = WatchAsync(address, ending);
    }

    public void Dispose()
    {
        lock (_gate)
            _watching?.Cancel();
    }

    private bool HasJustEnded
    {
        get
        {
            lock (_gate)
                return _endedAt is { } at && clock.GetElapsedTime(at) < options.PollInterval;
        }
    }

    private async Task WatchAsync(string address, CancellationToken ending)
    {
        var hasEnded = await probe.HasEndedAsync(address, ending);
        lock (_gate)
        {
            if (ending.IsCancellationRequested)
                return;
            _address = null;
            if (hasEnded)
                _endedAt = clock.GetTimestamp();
        }

        if (hasEnded)
            Ended?.Invoke();
    }
}
