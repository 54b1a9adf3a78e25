namespace Foresight.Simulation.Postgres;

/// <summary>The lock of the leadership row: shared by transactions of a term (FOR SHARE), alone for a take-over (FOR UPDATE). First come, first served.</summary>
internal sealed class RowLock
{
    private readonly HashSet<Transaction> sharing = [];
    private readonly LinkedList<Waiter> waiting = [];
    private Transaction? alone;

    /// <summary>Completes with true when the transaction has it, with false when it is given up.</summary>
    public Task<bool> TakeAsync(Transaction transaction, bool exclusive)
    {
        if (transaction.Session.Ended) return Task.FromResult(false);
        if (Holds(transaction, exclusive)) return Task.FromResult(true);
        var waiter = new Waiter(transaction, exclusive, new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        waiting.AddLast(waiter);
        Grant();
        return waiter.Got.Task;
    }

    /// <summary>The transaction ended, or waits no longer.</summary>
    public void Release(Transaction transaction)
    {
        sharing.Remove(transaction);
        if (alone == transaction) alone = null;
        for (var node = waiting.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Transaction == transaction)
            {
                waiting.Remove(node);
                node.Value.Got.TrySetResult(false);
            }

            node = next;
        }

        Grant();
    }

    public void Clear()
    {
        sharing.Clear();
        alone = null;
        foreach (var waiter in waiting.ToList()) waiter.Got.TrySetResult(false);
        waiting.Clear();
    }

    private bool Holds(Transaction transaction, bool exclusive) => alone == transaction || (!exclusive && sharing.Contains(transaction));

    private void Grant()
    {
        while (waiting.First is { Value: var first })
        {
            var free = alone is null && (!first.Exclusive || sharing.Count == 0 || (sharing.Count == 1 && sharing.Contains(first.Transaction)));
            if (!free) return;
            waiting.RemoveFirst();
            if (first.Exclusive) alone = first.Transaction;
            else sharing.Add(first.Transaction);
            first.Got.TrySetResult(true);
        }
    }

    private sealed record Waiter(Transaction Transaction, bool Exclusive, TaskCompletionSource<bool> Got);
}
