using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Foresight.Api.MarketData;
using Foresight.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.Api.Tests.MarketData;

public sealed class ClientOutboxTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Socket _socket = new();
    private readonly Clock _clock = new();
    private readonly CancellationTokenSource _gone = new();
    private readonly ClientOutbox _outbox;
    private readonly Task _running;

    public ClientOutboxTests()
    {
        _outbox = new ClientOutbox(_socket, new MarketDataMetrics(_services.GetRequiredService<IMeterFactory>()), _clock);
        _running = _outbox.RunAsync(_gone.Token);
    }

    [Fact]
    public async Task AFastClient_GetsEachMessage()
    {
        for (var i = 1; i <= 20; i++)
        {
            _outbox.Depth(1, Depth(i, i - 1, 5000, i));
            Assert.Equal((i, i - 1), Position(await _socket.NextAsync()));
        }
    }

    [Fact]
    public async Task ASlowClient_GetsOneThatDoesAll_AndLosesNothing()
    {
        _socket.Stop();
        _outbox.Depth(1, Depth(1, 0, 5000, 1));
        await _socket.Blocked.WaitAsync(Soon);
        for (var i = 2; i <= 100; i++)
            _outbox.Depth(1, Depth(i, i - 1, 4000 + (i % 3), i));
        _socket.Go();
        Assert.Equal((1, 0), Position(await _socket.NextAsync()));
        var messages = new List<DepthMessage>();
        do messages.Add((await _socket.NextAsync()).DepthBody!);
        while (messages[^1].Sequence < 100);
        Assert.True(messages.Count <= PendingDepth.Limit);
        Assert.Equal(1, messages[0].Previous);
        Assert.All(messages.Zip(messages.Skip(1)), pair => Assert.Equal(pair.First.Sequence, pair.Second.Previous));
        var book = new Book(2);
        foreach (var message in messages)
            book.Apply(message.Levels);
        Assert.Equal([(4002, 98L), (4001, 100L), (4000, 99L)], book.Bids(0).Select(level => (level.Key, level.Value)));
    }

    [Fact]
    public async Task TradesAreNeverFolded_AndOneClientTooFarBehindIsClosedWithTheReason()
    {
        _socket.Stop();
        for (var i = 0; i <= ClientOutbox.MaxQueued + 1; i++)
            _outbox.Queue(SharedMessage.Of(HubEvents.Trades, i));
        Assert.Equal("slow_consumer", _outbox.ClosedFor);
        _socket.Go();
        SharedMessage last;
        do last = await _socket.NextAsync();
        while (last.Topic == HubEvents.Trades);
        Assert.Equal(HubEvents.Closing, last.Topic);
        _clock.Advance(TimeSpan.FromSeconds(3));
        await _socket.Aborted.WaitAsync(Soon);
    }

    [Fact]
    public async Task AClientThatIsNeverUpToDate_IsClosed()
    {
        _socket.Stop();
        _outbox.Depth(1, Depth(1, 0, 5000, 1));
        await _socket.Blocked.WaitAsync(Soon);
        _clock.Advance(ClientOutbox.MaxBehind / 2);
        _outbox.Heartbeat();
        Assert.Null(_outbox.ClosedFor);
        _clock.Advance(ClientOutbox.MaxBehind);
        _outbox.Heartbeat();
        Assert.Equal("slow_consumer", _outbox.ClosedFor);
    }

    [Fact]
    public async Task AHeartbeat_ComesLast_AndSaysWhatWasSent()
    {
        _socket.Stop();
        _outbox.Queue(SharedMessage.Of(HubEvents.Trades, 1));
        await _socket.Blocked.WaitAsync(Soon);
        _outbox.Heartbeat();
        _outbox.Heartbeat();
        _outbox.Depth(1, Depth(7, 6, 5000, 1));
        _socket.Go();
        Assert.Equal(
            [HubEvents.Trades, HubEvents.Depth, HubEvents.Heartbeat],
            [(await _socket.NextAsync()).Topic, (await _socket.NextAsync()).Topic, (await _socket.NextAsync()).Topic]
        );
    }

    [Fact]
    public async Task ASnapshot_MakesWhatWaitsBeforeItNeedless()
    {
        _socket.Stop();
        _outbox.Queue(SharedMessage.Of(HubEvents.Trades, 1));
        await _socket.Blocked.WaitAsync(Soon);
        _outbox.Depth(1, Depth(1, 0, 5000, 1));
        _outbox.Depth(1, SharedMessage.Depth(new DepthMessage(1, 1, 9, 0, Snapshot: true, [])));
        _socket.Go();
        await _socket.NextAsync();
        Assert.Equal((9, 0), Position(await _socket.NextAsync()));
    }

    [Fact]
    public async Task OfAMarketThatIsForgotten_NothingMoreComes()
    {
        _socket.Stop();
        _outbox.Queue(SharedMessage.Of(HubEvents.Trades, 1));
        await _socket.Blocked.WaitAsync(Soon);
        _outbox.Depth(1, Depth(1, 0, 5000, 1));
        _outbox.Depth(2, Depth(2, 0, 5000, 1));
        _outbox.Forget(1);
        _socket.Go();
        await _socket.NextAsync();
        Assert.Equal(2, (await _socket.NextAsync()).DepthBody!.Sequence);
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        await _running;
        await _services.DisposeAsync();
    }

    private static (int, int) Position(SharedMessage message) => ((int)message.DepthBody!.Sequence, (int)message.DepthBody.Previous);

    private static SharedMessage Depth(long sequence, long previous, int ticks, long lots) =>
        SharedMessage.Depth(new DepthMessage(1, 1, sequence, previous, Snapshot: false, [new LevelChange(0, true, ticks, lots)]));

    private sealed class Socket : IClientSocket
    {
        private readonly Channel<SharedMessage> _written = Channel.CreateUnbounded<SharedMessage>();
        private TaskCompletionSource _go = new();
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Socket() => _go.SetResult();

        public Task Blocked => _blocked.Task;

        public Task Aborted => _aborted.Task;

        public void Stop() => _go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Go() => _go.TrySetResult();

        public async Task<SharedMessage> NextAsync() => await _written.Reader.ReadAsync().AsTask().WaitAsync(Soon);

        public async ValueTask WriteAsync(SharedMessage message, CancellationToken cancellationToken)
        {
            if (!_go.Task.IsCompleted)
                _blocked.TrySetResult();
            await _go.Task.WaitAsync(cancellationToken);
            _written.Writer.TryWrite(message);
        }

        public void Abort() => _aborted.TrySetResult();
    }

    private sealed class Clock : TimeProvider
    {
        private readonly List<(TimerCallback Callback, long Due)> _timers = [];
        private long _now = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _now);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_timers)
                _timers.Add((callback, GetTimestamp() + dueTime.Ticks));
            return new NoTimer();
        }

        public void Advance(TimeSpan by)
        {
            Interlocked.Add(ref _now, by.Ticks);
            List<TimerCallback> due;
            lock (_timers)
                due = [.. _timers.Where(timer => timer.Due <= GetTimestamp()).Select(timer => timer.Callback)];
            foreach (var callback in due)
                callback(null);
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() { }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
