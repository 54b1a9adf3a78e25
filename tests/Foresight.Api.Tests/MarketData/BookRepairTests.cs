using System.Diagnostics.Metrics;
using Foresight.Api.MarketData;
using Foresight.Api.Markets;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Api.Tests.MarketData;

[Trait("Category", "Trust")]
public sealed class BookRepairTests : IAsyncDisposable
{
    private static readonly Market Binary = new(
        1,
        Address.Zero,
        "?",
        ["Yes", "No"],
        1,
        0,
        ClosesAt: null,
        ResolvedOutcome: null,
        TypedDataDomain.OfMarket(31337, Address.Zero)
    );

    private readonly FakeTimeProvider _clock = new();
    private readonly FeedInbox _inbox = new();
    private readonly List<TaskCompletionSource<BookSnapshot>> _readings = [];
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly BookRepair _repair;
    private readonly BookFeed _books;
    private long _implausible;

    public BookRepairTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == MetricNames.PubSubImplausible && instrument.Meter.Scope == meters)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, count, _, _) => _implausible += count);
        _listener.Start();
        _repair = new BookRepair(_inbox, (_, _, _, _) => BeginReading(), _clock, NullLogger.Instance);
        _books = new BookFeed(new ClientRegistry(), _repair, new MarketDataMetrics(meters), NullLogger.Instance);
        _books.Add([Binary]);
        _repair.Start();
        EndReading(5);
    }

    private BookStream Stream => _books.Find(Binary.Id)!;

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _services.DisposeAsync();
    }

    /// <summary>Sealed by a broken node: its place is one that the journal may have, and what it follows never comes.</summary>
    [Fact]
    public void AFalseMessageThatWaits_HidesTheBookForOneReading()
    {
        Take(Delta(5 + JournalGate.MaxAhead, 4 + JournalGate.MaxAhead));
        Assert.False(Stream.IsLive);
        Assert.Equal(2, _readings.Count);
        EndReading(5);
        Assert.True(Stream.IsLive);
        Assert.Equal(1, _implausible);
        Take(Delta(6, 5));
        Assert.Equal(6, Stream.Sequence);
        Assert.Equal(2, _readings.Count);
    }

    [Fact]
    public void AReadingThatDoesNotCompleteABook_IsFollowedByAnother_AfterAPause()
    {
        Take(Delta(9, 8));
        Take(Delta(12, 11));
        EndReading(9);
        Assert.False(Stream.IsLive);
        Assert.Equal(2, _readings.Count);
        for (var i = 0; i < 100; i++)
            Take(Delta(13 + i, 12 + i));
        Assert.Equal(2, _readings.Count);
        _clock.Advance(BookRepair.PauseBetween);
        Take(Delta(113, 112));
        Assert.Equal(3, _readings.Count);
        EndReading(113);
        Assert.True(Stream.IsLive);
        Assert.Equal(0, _implausible);
        // A later gap has no pause before it.
        Take(Delta(115, 114));
        Assert.Equal(4, _readings.Count);
    }

    private void Take(DepthMessage message)
    {
        _books.Take(message);
        _repair.Start();
    }

    private Task<BookSnapshot> BeginReading()
    {
        _readings.Add(new TaskCompletionSource<BookSnapshot>());
        return _readings[^1].Task;
    }

    private void EndReading(long sequence)
    {
        _readings[^1].SetResult(new BookSnapshot(1, sequence, Array.Empty<LevelChange>().ToLookup(_ => Binary.Id)));
        var (markets, snapshot) = Assert.IsType<FeedItem.BooksRead>(_inbox.TryTake());
        _repair.End();
        _books.Take(markets, snapshot);
        _repair.Start();
    }

    private static DepthMessage Delta(long sequence, long previous) =>
        new(Binary.Id, 1, sequence, previous, Snapshot: false, [new LevelChange(0, true, 4_900, sequence)]);
}
