namespace Foresight.Matching.Journal;

/// <summary>
/// Asks the journal a small question now and then while somebody waits for the answer to a large one. What a rebuild reads may take long
/// to come, so it is waited for long; but a leader that has lost its way to the server keeps its lease as long as it waits, and nobody
/// else can lead.
/// </summary>
internal static class JournalPulse
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The work, which ends with an exception as soon as the journal does not answer within a round trip's limit.</summary>
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
            // Its failure says more than the cancelled work does.
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
            // The work is done, or nobody wants it any more.
        }
        catch
        {
            ending.Cancel();
            throw;
        }
    }
}
