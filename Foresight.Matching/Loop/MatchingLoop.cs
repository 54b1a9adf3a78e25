using Foresight.Matching.Journal;
using Foresight.Matching.Leadership;
using Foresight.Matching.Orders;
using Foresight.Matching.Recovery;
using Foresight.Protocol;

namespace Foresight.Matching.Loop;

/// <summary>
/// The matching loop of one term: sequence, match, commit, publish. One logical thread owns the engine, so it needs no locks. While batch N
/// is being committed, batch N + 1 is matched in memory: a commit's round trip costs latency, not throughput. Any failure ends the term,
/// and the next one is rebuilt from the journal.
/// </summary>
internal sealed class MatchingLoop(
    Lease lease,
    CommandQueue queue,
    BatchMatcher matcher,
    BatchCommitter committer,
    SnapshotWriter snapshots
)
{
    public int OpenOrders => matcher.Sequencer.Orders.Count;

    public long CommittedSequence => committer.CommittedSequence;

    /// <summary>
    /// Runs until the lease is lost or the process is asked to stop. On return, every command that was matched is committed or refused.
    /// </summary>
    public async Task RunAsync()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping, committer.Failed);
        var committing = Task.CompletedTask;
        try
        {
            while (true)
            {
                await queue.WaitAsync(ending.Token);
                var items = queue.Take();
                try
                {
                    if (snapshots.IsDue(matcher.Sequencer.Sequence) || items.Exists(item => item is ProofRequest))
                    {
                        await committing;
                        BetweenBatches(items);
                    }

                    var batch = await matcher.MatchAsync(items, committing, ending.Token);
                    await committing;
                    committing = committer.CommitAsync(batch);
                }
                catch
                {
                    // These were taken from the queue and perhaps matched, but certainly never sent to Postgres, so a refusal is true.
                    items.ForEach(queue.Refuse);
                    throw;
                }
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The lease was lost, the process is stopping, or a commit failed; in the last case the await below raises the failure.
        }
        finally
        {
            queue.Close();
            await committing;
        }
    }

    /// <summary>Runs the work that needs an engine equal to the journal: snapshots and proofs.</summary>
    private void BetweenBatches(List<WorkItem> items)
    {
        var sequencer = matcher.Sequencer;
        if (snapshots.IsDue(sequencer.Sequence))
            snapshots.Begin(sequencer);
        foreach (var proof in items.OfType<ProofRequest>())
            proof.Answer.TrySetResult(new StateDigest(lease.Term.NodeId, lease.Term.Epoch, sequencer.Sequence, sequencer.StateHash));
    }
}
