using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class QueryTimeoutTests
{
    private static readonly TimeSpan After = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new();

    /// <summary>A driver that hangs in the cancellation holds up no other caller.</summary>
    [Fact]
    public async Task Cancellation_RunsOnNoThreadOfThePool_AndOutlivesTheDisposal()
    {
        var isOfThePool = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var hangs = new ManualResetEventSlim();
        using (var timeout = new QueryTimeout(After, _clock, CancellationToken.None))
        {
            timeout.Token.Register(() =>
            {
                isOfThePool.SetResult(Thread.CurrentThread.IsThreadPoolThread);
                hangs.Wait();
            });
            _clock.Advance(After);
        }

        Assert.False(await isOfThePool.Task.WaitAsync(TimeSpan.FromMinutes(1)));
        hangs.Set();
    }

    [Fact]
    public async Task CallersCancellation_IsPassedOn_AndWithoutAnyNothingIsCancelled()
    {
        using var caller = new CancellationTokenSource();
        using var timeout = new QueryTimeout(After, _clock, caller.Token);
        _clock.Advance(After / 2);
        Assert.False(timeout.Token.IsCancellationRequested);
        await caller.CancelAsync();
        Assert.True(timeout.Token.IsCancellationRequested);
    }

    [Fact]
    public void QueriesThatEndInTime_AreNotCancelledLater()
    {
        var timeout = new QueryTimeout(After, _clock, CancellationToken.None);
        var token = timeout.Token;
        timeout.Dispose();
        _clock.Advance(After * 2);
        Assert.False(token.IsCancellationRequested);
    }
}
