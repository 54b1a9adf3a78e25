namespace Foresight.Matching.Leadership;

/// <summary>
/// Hosts start while the database is unreachable, so a check of the process's own may pass long after the leadership loops have started.
/// Until it has, the process bids for no lease.
/// </summary>
public sealed class LeadershipGate
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LeadershipGate(bool isOpen = false)
    {
        if (isOpen)
            Open();
    }

    public Task Opened => _opened.Task;

    public void Open() => _opened.TrySetResult();
}
