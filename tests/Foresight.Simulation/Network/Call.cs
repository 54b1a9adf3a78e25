using Foresight.Simulation.Processes;

namespace Foresight.Simulation.Network;

/// <summary>
/// A question from a process to a server over a link. Its end is the reply, the caller's time-out or the caller's token, whichever comes
/// first to the caller while it runs; the server knows nothing of the last two.
/// </summary>
internal sealed class Call<T>
{
    private readonly TaskCompletionSource<T> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ProcessContext context;
    private readonly Link link;

    private Call(Process caller, Link link) => (context, this.link) = (caller.Context, link);

    /// <param name="atServer">Runs when the request arrives; answers through the call, now or later or never.</param>
    public static async Task<T> AskAsync(
        Process caller, TimeProvider clock, Link link, Action<Call<T>> atServer, TimeSpan timeout, Func<Exception> onTimeout,
        CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        var call = new Call<T>(caller, link);
        link.Request(() => atServer(call));
        using var timer = clock.CreateTimer(_ => call.source.TrySetException(onTimeout()), null, timeout, Timeout.InfiniteTimeSpan);
        using var registration = cancellation.Register(() => call.source.TrySetCanceled(cancellation));
        return await call.source.Task;
    }

    public void Answer(T value) => link.Reply(() => context.Post(_ => source.TrySetResult(value), null));

    public void Fail(Exception error) => link.Reply(() => context.Post(_ => source.TrySetException(error), null));
}
