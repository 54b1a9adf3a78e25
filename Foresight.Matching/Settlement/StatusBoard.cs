using System.Collections.Concurrent;
using Foresight.Matching.Leadership;

namespace Foresight.Matching.Settlement;

/// <summary>What the holder of the lease says of itself, once a second, in table settlement_status.</summary>
public sealed class StatusBoard(SettlementTerm settlement, FollowerJournal journal, Submitter submitter, ChainFollower follower, SettlementMetrics metrics)
{
    private readonly ConcurrentDictionary<string, string> failures = new();
    private long head;

    public Term Term => settlement.Term;

    public long Head
    {
        get => Interlocked.Read(ref head);
        set
        {
            Interlocked.Exchange(ref head, value);
            metrics.Head = value;
        }
    }

    public string? Halted { get; set; }

    /// <returns>Whether this is news: a loop that fails at each step says so once.</returns>
    public bool Failed(string work, string reason)
    {
        var isNew = !failures.ContainsKey(work);
        failures[work] = reason;
        return isNew;
    }

    /// <returns>Whether it had failed before.</returns>
    public bool Worked(string work) => failures.TryRemove(work, out _);

    public async Task WriteAsync(CancellationToken cancellation)
    {
        var balance = await settlement.Client.GetBalanceAsync(settlement.Key.Key.Address, cancel: cancellation);
        metrics.Pending = await settlement.Store.CountPendingAsync(cancellation);
        var error = submitter.Trouble ?? failures.Values.FirstOrDefault();
        await journal.WriteStatusAsync(
            settlement.Term,
            new SettlementStatus(Head, follower.Confirmed, settlement.Options.Confirmations, settlement.Key.Address, balance, Halted, error), cancellation);
    }
}
