using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Foresight.Api.MarketData;
using Foresight.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Api.Tests.MarketData;

public sealed class ClientOutboxTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Socket socket = new();
    private readonly Clock clock = new();
    private readonly CancellationTokenSource gone = new();
    private readonly ClientOutbox outbox;
    private readonly Task running;

    public ClientOutboxTests()
    {
        outbox = new ClientOutbox(socket, new MarketDataMetrics(services.GetRequiredService<IMeterFactory>()), clock);
        running = outbox.RunAsync(gone.Token);
    }

    [Fact]
    public async Task AFastClient_GetsEachMessage()
    {
        for (var i = 1; i <= 20; i++)
        {
            outbox.Depth(1, Depth(i, i - 1, 5000, i));
            Assert.Equal((i, i - 1), Position(await socket.NextAsync()));
        }
    }

    [Fact]
    public async Task ASlowClient_GetsOneThatDoesAll_AndLosesNothing()
    {
        socket.Stop();
        outbox.Depth(1, Depth(1, 0, 5000, 1));
        await socket.Blocked.WaitAsync(Soon);
        for (var i = 2; i <= 100; i++) outbox.Depth(1, Depth(i, i - 1, 4000 + (i % 3), i));
        socket.Go();
        Assert.Equal((1, 0), Position(await socket.NextAsync()));
        var messages = new List<DepthMessage>();
        do messages.Add((await socket.NextAsync()).DepthBody!);
        while (messages[^1].Sequence < 100);
        Assert.True(messages.Count <= PendingDepth.Limit);
        Assert.Equal(1, messages[0].Previous);
        Assert.All(messages.Zip(messages.Skip(1)), pair => Assert.Equal(pair.First.Sequence, pair.Second.Previous));
        var book = new Book(2);
        foreach (var message in messages) book.Apply(message.Levels);
        Assert.Equal([(4002, 98L), (4001, 100L), (4000, 99L)], book.Bids(0).Select(level => (level.Key, level.Value)));
    }

    [Fact]
    public async Task TradesAreNeverFolded_AndOneClientTooFarBehindIsClosedWithTheReason()
    {
        socket.Stop();
        for (var i = 0; i <= ClientOutbox.MaxQueued + 1; i++) outbox.Queue(SharedMessage.Of(HubEvents.Trades, i));
        Assert.Equal("slow_consumer", outbox.ClosedFor);
        socket.Go();
        SharedMessage last;
        do last = await socket.NextAsync();
        while (last.Topic == HubEvents.Trades);
        Assert.Equal(HubEvents.Closing, last.Topic);
        clock.Advance(TimeSpan.FromSeconds(3));
        await socket.Aborted.WaitAsync(Soon);
    }

    [Fact]
    public async Task AClientThatIsNeverUpToDate_IsClosed()
    {
        socket.Stop();
        outbox.Depth(1, Depth(1, 0, 5000, 1));
        await socket.Blocked.WaitAsync(Soon);
        clock.Advance(ClientOutbox.MaxBehind / 2);
        outbox.Heartbeat();
        Assert.Null(outbox.ClosedFor);
        clock.Advance(ClientOutbox.MaxBehind);
        outbox.Heartbeat();
        Assert.Equal("slow_consumer", outbox.ClosedFor);
    }

    [Fact]
    public async Task AHeartbeat_ComesLast_AndSaysWhatWasSent()
    {
        socket.Stop();
        outbox.Queue(SharedMessage.Of(HubEvents.Trades, 1));
        await socket.Blocked.WaitAsync(Soon);
        outbox.Heartbeat();
        outbox.Heartbeat();
        outbox.Depth(1, Depth(7, 6, 5000, 1));
        socket.Go();
        Assert.Equal(
            [HubEvents.Trades, HubEvents.Depth, HubEvents.Heartbeat],
            [(await socket.NextAsync()).Topic, (await socket.NextAsync()).Topic, (await socket.NextAsync()).Topic]);
    }

    [Fact]
    public async Task ASnapshot_MakesWhatWaitsBeforeItNeedless()
    {
        socket.Stop();
        outbox.Queue(SharedMessage.Of(HubEvents.Trades, 1));
        await socket.Blocked.WaitAsync(Soon);
        outbox.Depth(1, Depth(1, 0, 5000, 1));
        outbox.Depth(1, SharedMessage.Depth(new DepthMessage(1, 1, 9, 0, Snapshot: true, [])));
        socket.Go();
        await socket.NextAsync();
        Assert.Equal((9, 0), Position(await socket.NextAsync()));
    }

    [Fact]
    public async Task OfAMarketThatIsForgotten_NothingMoreComes()
    {
        socket.Stop();
        outbox.Queue(SharedMessage.Of(HubEvents.Trades, 1));
        await socket.Blocked.WaitAsync(Soon);
        outbox.Depth(1, Depth(1, 0, 5000, 1));
        outbox.Depth(2, Depth(2, 0, 5000, 1));
        outbox.Forget(1);
        socket.Go();
        await socket.NextAsync();
        Assert.Equal(2, (await socket.NextAsync()).DepthBody!.Sequence);
    }

    public async ValueTask DisposeAsync()
    {
        await gone.CancelAsync();
        await running;
        await services.DisposeAsync();
    }

    private static (int, int) Position(SharedMessage message) => ((int)message.DepthBody!.Sequence, (int)message.DepthBody.Previous);

    private static SharedMessage Depth(long sequence, long previous, int ticks, long lots) =>
        SharedMessage.Depth(new DepthMessage(1, 1, sequence, previous, Snapshot: false, [new LevelChange(0, true, ticks, lots)]));

    /// <summary>A client's socket that can be made to stop reading.</summary>
    private sealed class Socket : IClientSocket
    {
        private readonly Channel<SharedMessage> written = Channel.CreateUnbounded<SharedMessage>();
        private TaskCompletionSource go = new();
        private readonly TaskCompletionSource blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Socket() => go.SetResult();

        public Task Blocked => blocked.Task;

        public Task Aborted => aborted.Task;

        public void Stop() => go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Go() => go.TrySetResult();

        public async Task<SharedMessage> NextAsync() => await written.Reader.ReadAsync().AsTask().WaitAsync(Soon);

        public async ValueTask WriteAsync(SharedMessage message, CancellationToken cancellation)
        {
            if (!go.Task.IsCompleted) blocked.TrySetResult();
            await go.Task.WaitAsync(cancellation);
            written.Writer.TryWrite(message);
        }

        public void Abort() => aborted.TrySetResult();
    }

    /// <summary>Time that passes when it is told to; timers run then.</summary>
    private sealed class Clock : TimeProvider
    {
        private readonly List<(TimerCallback Callback, long Due)> timers = [];
        private long now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (timers) timers.Add((callback, GetTimestamp() + dueTime.Ticks));
            return new NoTimer();
        }

        public void Advance(TimeSpan by)
        {
            Interlocked.Add(ref now, by.Ticks);
            List<TimerCallback> due;
            lock (timers) due = [.. timers.Where(timer => timer.Due <= GetTimestamp()).Select(timer => timer.Callback)];
            foreach (var callback in due) callback(null);
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
