using System.Collections.Concurrent;
using Foresight.Api.Operations;
using Foresight.Protocol;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Foresight.Api.Tests.Operations;

public sealed class LastKnownValueTests
{
    private readonly Lines _log = new();

    [Fact]
    public async Task WhileTheSourceIsAway_TheLastValueIsShown_WithTheTimeAtWhichItWasTrue()
    {
        var values = Values();
        var fresh = await values.ReadAsync(_ => Task.FromResult("one"), CancellationToken.None);
        Assert.True(fresh.IsFresh);

        foreach (var outage in new Exception[] { new NpgsqlException("a"), new RedisException("b"), new TimeoutException("c") })
        {
            var stale = await values.ReadAsync(_ => throw outage, CancellationToken.None);
            Assert.Equal(("one", fresh.ReadAt, outage), (stale.Value, stale.ReadAt, stale.Failure));
            Assert.Equal(new SourceView(SourceView.Down, fresh.ReadAt), stale.View);
        }

        var again = await values.ReadAsync(_ => Task.FromResult("two"), CancellationToken.None);
        Assert.Equal(("two", SourceView.Up), (again.Value, again.View.State));
        Assert.True(again.ReadAt >= fresh.ReadAt);
    }

    [Fact]
    public async Task ASourceThatNeverAnswered_HasNoValue_AndNoTime()
    {
        var nothing = await Values().ReadAsync(_ => throw new NpgsqlException("away"), CancellationToken.None);
        Assert.Equal((null, null, SourceView.Down), (nothing.Value, nothing.ReadAt, nothing.View.State));
    }

    /// <summary>Not every client library honours its cancellation token.</summary>
    [Fact]
    public async Task ASourceThatHangs_IsGivenUpAtTheBound()
    {
        var hung = await Values(TimeSpan.FromMilliseconds(20))
            .ReadAsync(_ => new TaskCompletionSource<string>().Task, CancellationToken.None);
        Assert.IsType<TimeoutException>(hung.Failure);
        var cancelled = await Values(TimeSpan.FromMilliseconds(20))
            .ReadAsync(
                async token =>
                {
                    await Task.Delay(Timeout.Infinite, token);
                    return "";
                },
                CancellationToken.None
            );
        Assert.IsType<TimeoutException>(cancelled.Failure);
    }

    [Fact]
    public async Task ACallerWhoLeaves_IsNoOutage()
    {
        var values = Values();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            values.ReadAsync(token => Task.FromCanceled<string>(token), new CancellationToken(canceled: true))
        );
        Assert.Empty(_log.Written);
    }

    [Fact]
    public async Task ADefect_IsNotTakenForAnOutage() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Values().ReadAsync(_ => throw new InvalidOperationException("ours"), CancellationToken.None)
        );

    [Fact]
    public async Task AnOutage_HasOneLineAtItsStart_AndOneAtItsEnd()
    {
        var values = Values();
        for (var i = 0; i < 3; i++)
            await values.ReadAsync(_ => throw new NpgsqlException("away"), CancellationToken.None);
        for (var i = 0; i < 3; i++)
            await values.ReadAsync(_ => Task.FromResult("x"), CancellationToken.None);
        Assert.Equal(
            ["Failed to read the terms; returning the last known value as stale: away", "Reading the terms works again."],
            _log.Written
        );
    }

    private LastKnownValue<string> Values(TimeSpan? bound = null) =>
        new("the terms", bound ?? Eventually.Patience, TimeProvider.System, _log);

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format) =>
            Written.Enqueue(format(state, error));
    }
}
