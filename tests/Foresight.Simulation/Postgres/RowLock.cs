namespace Foresight.Simulation.Postgres;

/// <summary>
/// Shared by a term's transactions (FOR KEY SHARE) and exclusive for a take-over (FOR UPDATE), as the leadership row is locked in Postgres.
/// First come, first served.
/// </summary>
internal sealed class RowLock
{
    private readonly HashSet<Transaction> _sharing = [];
    private readonly LinkedList<Waiter> _waiting = [];
    private Transaction? _alone;

    public Task<bool> TakeAsync(Transaction transaction, bool exclusive)
    {
        if (transaction.Session.Ended)
            return Task.FromResult(false);
        if (Holds(transaction, exclusive))
            return Task.FromResult(true);
        var waiter = new Waiter(transaction, exclusive, new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        _waiting.AddLast(waiter);
        Grant();
        return waiter.Got.Task;
    }

    public void Release(Transaction transaction)
    {
        _sharing.Remove(transaction);
        if (_alone == transaction)
            _alone = null;
        var node = _waiting.First;
        while (node is not null)
        {
            var next = node.Next;
            if (node.Value.Transaction == transaction)
            {
                _waiting.Remove(node);
                node.Value.Got.TrySetResult(false);
            }

            node = next;
        }

        Grant();
    }

    public void Clear()
    {
        _sharing.Clear();
        _alone = null;
        foreach (var waiter in _waiting.ToList())
            waiter.Got.TrySetResult(false);
        _waiting.Clear();
    }

    private bool Holds(Transaction transaction, bool exclusive) => _alone == transaction || (!exclusive && _sharing.Contains(transaction));

    private void Grant()
    {
        while (_waiting.First is { Value: var first })
        {
            var free =
                _alone is null
                && (!first.Exclusive || _sharing.Count == 0 || (_sharing.Count == 1 && _sharing.Contains(first.Transaction)));
            if (!free)
                return;
            _waiting.RemoveFirst();
            if (first.Exclusive)
                _alone = first.Transaction;
            else
                _sharing.Add(first.Transaction);
            first.Got.TrySetResult(true);
        }
    }

    private sealed record Waiter(Transaction Transaction, bool Exclusive, TaskCompletionSource<bool> Got);
}
