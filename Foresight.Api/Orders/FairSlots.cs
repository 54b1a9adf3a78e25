namespace Foresight.Api.Orders;

/// <summary>
/// A bounded number of slots for which callers wait in turn, each with at most half of them, so that one who asks without end leaves the
/// others their share.
/// </summary>
public sealed class FairSlots(int count, TimeProvider clock)
{
    /// <summary>Of all callers together; more would not get their turn in time anyway.</summary>
    public const int MaxWaiting = 1_000;

    public const int MaxWaitingOfOne = 32;

    private readonly int _ofOne = Math.Max(1, count / 2);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Caller> _callers = [];

    /// <summary>Callers with somebody waiting, the next one first.</summary>
    private readonly LinkedList<Caller> _turns = [];

    private int _free = count;
    private int _waiting;

    /// <summary>If it is true, <see cref="Leave"/> must be called.</summary>
    public async Task<bool> EnterAsync(string name, TimeSpan patience, CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource> turn;
        Caller? caller;
        lock (_gate)
        {
            if (!_callers.TryGetValue(name, out caller))
                _callers[name] = caller = new Caller();
            if (_free > 0 && caller.Inside < _ofOne)
            {
                (_free, caller.Inside) = (_free - 1, caller.Inside + 1);
                return true;
            }

            if (_waiting >= MaxWaiting || caller.Waiting.Count >= MaxWaitingOfOne)
            {
                Forget(name, caller);
                return false;
            }

            _waiting++;
            turn = caller.Waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (caller.Waiting.Count == 1)
                _turns.AddLast(caller);
        }

        try
        {
            await turn.Value.Task.WaitAsync(patience, clock, cancellationToken);
            return true;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            if (!TryGiveUp(name, caller, turn))
                Leave(name);
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    public void Leave(string name)
    {
        lock (_gate)
        {
            var caller = _callers[name];
            (_free, caller.Inside) = (_free + 1, caller.Inside - 1);
            while (_free > 0 && Next() is { } next)
                Admit(next);
            Forget(name, caller);
        }
    }

    /// <returns>False if the turn came in the same moment.</returns>
    private bool TryGiveUp(string name, Caller caller, LinkedListNode<TaskCompletionSource> turn)
    {
        lock (_gate)
        {
            if (turn.List is null)
                return false;
            caller.Waiting.Remove(turn);
            _waiting--;
            if (caller.Waiting.Count == 0)
                _turns.Remove(caller);
            Forget(name, caller);
            return true;
        }
    }

    private Caller? Next() => _turns.FirstOrDefault(caller => caller.Inside < _ofOne);

    private void Admit(Caller caller)
    {
        var turn = caller.Waiting.First!;
        caller.Waiting.RemoveFirst();
        _turns.Remove(caller);
        if (caller.Waiting.Count > 0)
            _turns.AddLast(caller);
        (_free, _waiting, caller.Inside) = (_free - 1, _waiting - 1, caller.Inside + 1);
        turn.Value.SetResult();
    }

    private void Forget(string name, Caller caller)
    {
        if (caller is { Inside: 0, Waiting.Count: 0 })
            _callers.Remove(name);
    }

    private sealed class Caller
    {
        public int Inside { get; set; }

        public LinkedList<TaskCompletionSource> Waiting { get; } = [];
    }
}
