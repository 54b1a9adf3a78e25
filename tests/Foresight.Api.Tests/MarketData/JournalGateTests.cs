using System.Diagnostics.Metrics;
using Foresight.Api.MarketData;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Api.Tests.MarketData;

[Trait("Category", "Trust")]
public sealed class JournalGateTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ErrorCount _errors = new();
    private readonly FeedInbox _inbox = new();
    private readonly List<TaskCompletionSource<JournalPosition>> _readings = [];
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly IAsyncEnumerator<FeedItem> _posted;
    private readonly LeaderSilence _silence;
    private readonly PositionCheck _check;
    private readonly JournalGate _gate;
    private readonly MeterListener _listener = new();
    private readonly List<(string? Channel, string? Reason)> _unhandled = [];

    public JournalGateTests()
    {
        _posted = _inbox.TakeAllAsync().GetAsyncEnumerator();
        _silence = new LeaderSilence(_clock);
        _check = new PositionCheck(_inbox, (_, _) => BeginReading(), NullLogger.Instance);
        var meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == MetricNames.PubSubUnhandled && instrument.Meter.Scope == meters)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>(
            (_, _, labels, _) => _unhandled.Add(((string?)labels[0].Value, (string?)labels[1].Value))
        );
        _listener.Start();
        var metrics = new MarketDataMetrics(meters);
        var repair = new BookRepair(_inbox, new BookReader(null!).ReadAsync, _clock, NullLogger.Instance);
        var books = new BookFeed(new ClientRegistry(), repair, metrics, NullLogger.Instance);
        _gate = new JournalGate(books, _check, _silence, metrics, _clock, _errors);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _posted.DisposeAsync();
        await _services.DisposeAsync();
    }

    /// <summary>At a failover under load: the reading that the first message began sees nothing of the batches after it.</summary>
    [Fact]
    public async Task WhatIsCommittedWhileTheJournalIsRead_GoesOnWithTheMessageBeforeIt()
    {
        Assert.False(_gate.Admits(Orders(2, 10)));
        Assert.False(_gate.Admits(Orders(2, 11)));
        Assert.Single(_readings);
        Assert.Equal([10L, 11L], await ReleaseAsync(0, new JournalPosition(2, 10, 0)));
        Assert.True(_gate.Admits(Orders(2, 12)));
        Assert.Equal(0, _errors.Count);
    }

    [Fact]
    public async Task AReadingThatBeganBeforeTheMessageCame_DropsNothing_AndAnotherFollows()
    {
        _gate.Release(new FeedItem.PositionRead(0, 0, [], new JournalPosition(1, 10, 0)));
        _check.Read(0, []);
        Assert.False(_gate.Admits(Orders(2, 11)));
        Assert.Equal(2, _readings.Count);
        Assert.Empty(await ReleaseAsync(0, new JournalPosition(1, 10, 0)));
        Assert.False(_gate.Admits(Orders(2, 12)));
        Assert.Equal([11L, 12L], await ReleaseAsync(1, new JournalPosition(2, 11, 0)));
        Assert.Equal(0, _errors.Count);
    }

    [Fact]
    public async Task WhatWaitsAfterAReading_IsReadForAgain_WithoutAnotherMessage()
    {
        Assert.False(_gate.Admits(Orders(1, 10)));
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        Assert.False(_gate.Admits(Orders(2, 11)));
        Assert.Single(_readings);
        _clock.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal([10L], await ReleaseAsync(0, new JournalPosition(1, 10, 0)));
        Assert.Equal([11L], await ReleaseAsync(1, new JournalPosition(2, 11, 0)));
        Assert.Equal(0, _errors.Count);
    }

    [Theory]
    [InlineData(3, 11)]
    [InlineData(2, 11 + JournalGate.MaxAhead)]
    public async Task WhatNoLeaderCommitted_IsDroppedAndReported_ByAReadingThatBeganAfterIt(long epoch, long sequence)
    {
        Assert.False(_gate.Admits(Orders(epoch, sequence)));
        Assert.Empty(await ReleaseAsync(0, new JournalPosition(2, 10, 0)));
        Assert.Equal(1, _errors.Count);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _gate.Tick();
        Assert.Single(_readings);
    }

    [Fact]
    public void WhatFindsNoRoomToWait_IsReportedLost_AndNotAsForged()
    {
        Assert.False(_silence.EndsIn(0, (1, 10)));
        for (var held = 0; held < JournalGate.MaxHeld; held++)
            Assert.False(_gate.Admits(Orders(2, 11 + held)));
        Assert.False(_silence.EndsIn(0, (1, 10)));
        Assert.False(_gate.Admits(Orders(2, 11 + JournalGate.MaxHeld)));
        Assert.True(_silence.EndsIn(0, (1, 10)));
        Assert.Equal(0, _errors.Count);
    }

    [Fact]
    public async Task LargeMessages_FindRoomUpToABoundOfBytes_OverAllShards_AndRoomIsFreedWhenTheyGoOn()
    {
        Assert.False(_silence.EndsIn(0, (1, 10)));
        var half = JournalGate.MaxHeldBytes / 2;
        Assert.False(_gate.Admits(Orders(2, 11) with { Bytes = half }));
        Assert.False(_gate.Admits(new FeedItem.Orders(new OrdersMessage(2, 11, [], Shard: 1)) { Bytes = half }));
        Assert.False(_silence.EndsIn(0, (1, 10)));
        Assert.False(_gate.Admits(Orders(2, 12) with { Bytes = 1 }));
        Assert.True(_silence.EndsIn(0, (1, 10)));
        Assert.Equal([11L], await ReleaseAsync(0, new JournalPosition(2, 11, 0)));

        Assert.False(_gate.Admits(Orders(3, 13) with { Bytes = half }));
        Assert.False(_silence.EndsIn(0, (1, 10)));
        Assert.Equal((Channels.Orders, MarketDataMetrics.NoRoom), Assert.Single(_unhandled));
    }

    [Fact]
    public void WhatBelongsToNoMarketOrShard_IsCounted()
    {
        Assert.False(_gate.Admits(new FeedItem.Depth(new DepthMessage(77, 1, 1, 0, Snapshot: false, []))));
        Assert.False(_gate.Admits(new FeedItem.Orders(new OrdersMessage(1, 1, [], Shard: Shards.Maximum))));
        Assert.False(_gate.Admits(new FeedItem.Orders(new OrdersMessage(1, 1, [], Shard: -1))));
        Assert.Equal(
            [
                (Channels.Depth, MarketDataMetrics.UnknownMarket),
                (Channels.Orders, MarketDataMetrics.UnknownShard),
                (Channels.Orders, MarketDataMetrics.UnknownShard),
            ],
            _unhandled
        );
        Assert.Empty(_readings);
    }

    [Fact]
    public async Task TheInbox_TakesMessagesUpToABoundOfBytes_AndOthersAlways()
    {
        var inbox = new FeedInbox();
        Assert.True(inbox.TryPost(Orders(1, 1) with { Bytes = FeedInbox.MaxBytes - 1 }));
        Assert.False(inbox.TryPost(Orders(1, 2) with { Bytes = 2 }));
        Assert.True(inbox.TryPost(Orders(1, 3) with { Bytes = 1 }));
        Assert.True(inbox.TryPost(new FeedItem.Tick()));
        await using var taken = inbox.TakeAllAsync().GetAsyncEnumerator();
        Assert.True(await taken.MoveNextAsync());
        Assert.True(inbox.TryPost(Orders(1, 4) with { Bytes = FeedInbox.MaxBytes - 1 }));
        Assert.False(inbox.TryPost(Orders(1, 5) with { Bytes = 1 }));
    }

    [Fact]
    public async Task TheInbox_CountsTheBytesOfWhatMustNotBeLost()
    {
        var inbox = new FeedInbox();
        Assert.True(inbox.TryPost(Orders(1, 1) with { Bytes = FeedInbox.MaxBytes }));
        inbox.PostSurely(Orders(1, 2) with { Bytes = 10 });
        await inbox.PostAsync(Orders(1, 3) with { Bytes = 10 });
        for (var i = 0; i < 3; i++)
            Assert.NotNull(inbox.TryTake());
        Assert.False(inbox.TryPost(Orders(1, 4) with { Bytes = FeedInbox.MaxBytes + 1 }));
        Assert.True(inbox.TryPost(Orders(1, 5) with { Bytes = FeedInbox.MaxBytes }));
    }

    private static FeedItem.Orders Orders(long epoch, long sequence) => new(new OrdersMessage(epoch, sequence, []));

    private Task<JournalPosition> BeginReading()
    {
        _readings.Add(new TaskCompletionSource<JournalPosition>());
        return _readings[^1].Task;
    }

    /// <summary>Ends a reading, and returns the sequences of the messages that go on then.</summary>
    private async Task<IEnumerable<long>> ReleaseAsync(int reading, JournalPosition position)
    {
        _readings[reading].SetResult(position);
        Assert.True(await _posted.MoveNextAsync());
        return _gate.Release((FeedItem.PositionRead)_posted.Current).Select(item => ((FeedItem.Orders)item).Message.Sequence);
    }

    private sealed class ErrorCount : ILogger
    {
        public int Count { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Count += logLevel == LogLevel.Error ? 1 : 0;
    }
}
