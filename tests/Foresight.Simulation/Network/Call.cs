using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Network;

/// <summary>
/// Ends with the reply, the caller's timeout or the caller's token, whichever reaches the running caller first. The server is unaware of
/// the last two, so it may still do what was asked.
/// </summary>
internal sealed class Call<T>
{
    private readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ProcessContext _context;
    private readonly Link _link;

    private readonly Action? _lost;

    private Call(Process caller, Link link, Func<Exception>? onDeadConnection)
    {
        (_context, _link) = (caller.Context, link);
        if (onDeadConnection is null)
            return;
        _lost = () => caller.World.Timeline.After(FindsItDead, () => _context.Post(_ => _source.TrySetException(onDeadConnection()), null));
    }

    /// <summary>TCP keep-alive: the first probe after two seconds, then one per second, nine in total (LeaderSessions).</summary>
    private static readonly TimeSpan FindsItDead = TimeSpan.FromSeconds(11);

    public static async Task<T> AskAsync(
        Process caller,
        TimeProvider clock,
        Link link,
        Action<Call<T>> atServer,
        TimeSpan timeout,
        Func<Exception> onTimeout,
        CancellationToken cancellationToken = default,
        Func<Exception>? onDeadConnection = null
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var call = new Call<T>(caller, link, onDeadConnection);
        link.Request(() => atServer(call), call._lost);
        using var timer = clock.CreateTimer(_ => call._source.TrySetException(onTimeout()), null, timeout, Timeout.InfiniteTimeSpan);
        using var registration = cancellationToken.Register(() => call._source.TrySetCanceled(cancellationToken));
        return await call._source.Task;
    }

    public void Answer(T value) => _link.Reply(() => _context.Post(_ => _source.TrySetResult(value), null), _lost);

    public void Fail(Exception error) => _link.Reply(() => _context.Post(_ => _source.TrySetException(error), null), _lost);
}
