namespace Foresight.Matching.Journal;

/// <summary>
/// What a rebuild reads may take long to arrive, so it has a long timeout; but a leader that has lost its connection to the server would
/// keep its lease for all of that time, and no other node could lead. A small query each second, with the limit of a round trip, finds that
/// out early.
/// </summary>
internal static class JournalPulse
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public static async Task<T> WhileItBeatsAsync<T>(
        IJournal journal,
        TimeProvider clock,
        CancellationToken cancellationToken,
        Func<CancellationToken, Task<T>> work
    )
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var beating = BeatAsync(journal, clock, ending);
        try
        {
            return await work(ending.Token);
        }
        finally
        {
            ending.Cancel();
            // Rethrow the probe's failure: it names the cause, while the work's own failure is only its cancellation.
            await beating;
        }
    }

    private static async Task BeatAsync(IJournal journal, TimeProvider clock, CancellationTokenSource ending)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, ending.Token);
                await journal.FindAsync([], ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Cancelled because the work has finished or was itself cancelled, so this is no failure of the server.
        }
        catch
        {
            ending.Cancel();
            throw;
        }
    }
}
