namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// A timeout of queries. Cancelled, the driver asks the server on another connection to give the query up, and waits for it: at a frozen
/// one for seconds, on the thread that cancels. A few of those would hold every thread of the pool, so this has a thread of its own.
/// </summary>
public sealed class QueryTimeout : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly ITimer _timer;
    private int _state;

    private enum State
    {
        Running,
        Cancelling,
        Disposed,
    }

    public QueryTimeout(TimeSpan after, TimeProvider clock, CancellationToken cancellationToken)
    {
        _source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _source.Token;
        _timer = clock.CreateTimer(_ => Cancel(), null, after, Timeout.InfiniteTimeSpan);
    }

    public CancellationToken Token { get; }

    /// <summary>Also before queries that were cancelled have ended.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        if (Interlocked.CompareExchange(ref _state, (int)State.Disposed, (int)State.Running) == (int)State.Running)
            _source.Dispose();
    }

    private void Cancel()
    {
        if (Interlocked.CompareExchange(ref _state, (int)State.Cancelling, (int)State.Running) != (int)State.Running)
            return;
        var thread = new Thread(() =>
        {
            _source.Cancel();
            _source.Dispose();
        })
        {
            IsBackground = true,
            Name = "query timeout",
        };
        thread.Start();
    }
}
