using Foresight.Matching.Journal;
using Foresight.Matching.Orders;
using Foresight.Matching.Sequencing;

namespace Foresight.Matching.Loop;

/// <summary>
/// Makes a batch of the items of the queue: asks the journal what it knows of them, then sequences and matches. From there until its
/// commit, memory is ahead of the journal by this batch.
/// </summary>
internal sealed class BatchMatcher(Sequencer sequencer, IJournal journal, FailedCommands failures, long epoch, TimeProvider clock)
{
    private Sequencer _sequencer = sequencer;
    private long _lastMarketLook;

    /// <summary>A rebuilt one replaces it after each command that failed, because the failure leaves its state unusable.</summary>
    public Sequencer Sequencer => Volatile.Read(ref _sequencer);

    /// <summary>
    /// Matches the batch without the commands that cannot be applied. Each of those costs a rebuild of the sequencer, but no other command
    /// of the batch is refused because of it.
    /// </summary>
    public async Task<JournalBatch> MatchAsync(List<WorkItem> items, Task committing, CancellationToken ending)
    {
        while (true)
        {
            try
            {
                return await MatchAsync(items, ending);
            }
            catch (CommandFailedException failure)
            {
                // Wait until the batch before is in the journal: the new sequencer is rebuilt from there and would miss it.
                await committing;
                Volatile.Write(ref _sequencer, await failures.QuarantineAsync(failure, ending));
                // The failed batch may have listed markets; read them again, since nothing of it was committed.
                _lastMarketLook = 0;
            }
        }
    }

    private async Task<JournalBatch> MatchAsync(List<WorkItem> items, CancellationToken ending)
    {
        using var lookUp = BatchTrace.StartLookUp(items);
        var newMarkets = await NewMarketsAsync(ending);
        var known = await journal.FindAsync([.. items.OfType<QueuedCommand>()], ending);
        return _sequencer.Match(items, known, newMarkets, epoch, clock);
    }

    private async Task<IReadOnlyList<Market>> NewMarketsAsync(CancellationToken ending)
    {
        if (clock.GetElapsedTime(_lastMarketLook) < MatchingLimits.TickInterval)
            return [];
        _lastMarketLook = clock.GetTimestamp();
        return await journal.MarketsAsync(listed: false, ending);
    }
}
