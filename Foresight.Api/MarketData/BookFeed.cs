using System.Collections.Concurrent;
using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Between the detection of a gap and the next snapshot from the journal a book is neither shown nor sent, so that no client sees a book
/// that misses a message. Only the feed's loop writes; any thread may read a book.
/// </summary>
public sealed partial class BookFeed(ClientRegistry clients, BookRepair repair, MarketDataMetrics metrics, ILogger logger)
{
    /// <summary>In ticks of a second without a book; clients must be notified within 2 s.</summary>
    private const int TicksBeforeAnnounced = 1;

    private readonly ConcurrentDictionary<int, BookStream> _streams = new();
    private readonly Dictionary<int, int> _ticksWithout = [];
    private readonly HashSet<int> _announcedLost = [];
    private bool _readAgain;

    /// <summary>Reads a concurrent dictionary, because request threads read books while the loop adds markets.</summary>
    public BookStream? Find(int market) => _streams.GetValueOrDefault(market);

    public IEnumerable<BookStream> All => _streams.Values;

    public bool Knows(int market) => _streams.ContainsKey(market);

    public void Add(IReadOnlyList<Market> markets)
    {
        foreach (var market in markets)
        {
            var stream = new BookStream(market);
            if (_streams.TryAdd(market.Id, stream))
                repair.Want(stream);
        }
    }

    public void Take(DepthMessage message)
    {
        // The gate admits messages of known markets only.
        var stream = _streams[message.Market];
        switch (stream.Take(message, out var applied))
        {
            case StreamStep.Applied:
                Send(stream, applied!);
                break;
            case StreamStep.Stale:
                metrics.Stale(Channels.Depth);
                break;
            case StreamStep.Same:
                metrics.Compared(isSame: true);
                break;
            case StreamStep.Different when repair.Want(stream):
                metrics.Compared(isSame: false);
                Log.Different(logger, message.Market, stream.Epoch, stream.Sequence);
                if (!stream.IsLive)
                    AnnounceLost(message.Market);
                break;
            case StreamStep.Waiting when repair.Want(stream):
                metrics.Gap(Channels.Depth);
                Log.Gap(logger, message.Market, stream.Sequence, message.Previous);
                break;
        }
    }

    /// <param name="snapshot">Null if the read failed: all of the books are then read again, and none is returned.</param>
    public IReadOnlyList<int> Take(IReadOnlyList<int> markets, BookSnapshot? snapshot)
    {
        var taken = new List<int>();
        foreach (var market in markets)
        {
            var stream = _streams[market];
            var wasLive = stream.IsLive;
            if (snapshot is null)
            {
                repair.Want(stream);
                continue;
            }

            var isTaken = stream.Take(snapshot, out var applied);
            metrics.Implausible(Channels.Depth, stream.TakeImplausible());
            if (!isTaken)
            {
                repair.WantAfterPause(stream);
                continue;
            }

            taken.Add(market);
            if (applied is null)
                continue;
            // The clients' book is not merely old: it was wrong, or missed messages that will not come.
            if (wasLive)
                AnnounceLost(market);
            Send(stream, applied);
        }

        return taken;
    }

    public void Welcome(HubClient client, int market, (long Epoch, long Sequence)? from)
    {
        var stream = _streams[market];
        client.Outbox.Forget(market);
        if (from is { } known && stream.After(known.Epoch, known.Sequence) is { } missed)
        {
            foreach (var message in missed)
                client.Outbox.Depth(market, SharedMessage.Depth(message));
        }
        else if (stream.Snapshot() is { } snapshot)
        {
            client.Outbox.Depth(market, snapshot);
        }
    }

    public void Tick(bool isOutage)
    {
        foreach (var stream in _streams.Values)
        {
            if (stream.IsLive)
                continue;
            var ticks = _ticksWithout[stream.Market] = _ticksWithout.GetValueOrDefault(stream.Market) + 1;
            if (ticks > TicksBeforeAnnounced)
                AnnounceLost(stream.Market);
            if (!isOutage)
                repair.Want(stream);
        }

        if (isOutage || !_readAgain)
            return;
        _readAgain = false;
        WantAll();
    }

    public void DistrustAll()
    {
        foreach (var stream in _streams.Values)
            stream.Distrust();
    }

    public void Distrust(int market)
    {
        if (!_streams.TryGetValue(market, out var stream))
            return;
        stream.Distrust();
        repair.Want(stream);
    }

    /// <summary>
    /// The clients of a book that is ahead of the journal are past its position too: the notice makes them accept the next snapshot
    /// at any position.
    /// </summary>
    public void Reset(int market)
    {
        metrics.Stale(Channels.Depth);
        AnnounceLost(market);
        var stream = _streams[market];
        stream.Reset();
        repair.Want(stream);
    }

    /// <summary>
    /// Reads again after a delay, because after a reconnect Redis may resume delivery only after an immediate read, and messages in between
    /// would be missed.
    /// </summary>
    public void ReadAllTwice()
    {
        WantAll();
        ReadAllAtNextTick();
    }

    public void ReadAllAtNextTick() => _readAgain = true;

    public void Read(int shard, bool onlyMissing)
    {
        foreach (var stream in _streams.Values)
            if (stream.Shard == shard && !(onlyMissing && stream.IsLive))
                repair.Want(stream);
    }

    private void WantAll()
    {
        foreach (var stream in _streams.Values)
            repair.Want(stream);
    }

    private void Send(BookStream stream, DepthMessage message)
    {
        _ticksWithout.Remove(stream.Market);
        if (_announcedLost.Remove(stream.Market))
            clients.Announce(HubEvents.Depth, stream.Market, ContinuityStates.Restored);
        var followers = clients.Of(new Subscription(HubEvents.Depth, stream.Market));
        if (followers.Count == 0)
            return;
        var shared = SharedMessage.Depth(message, metrics.Delivered);
        shared.Expect(followers.Count);
        foreach (var client in followers)
            client.Outbox.Depth(stream.Market, shared);
    }

    private void AnnounceLost(int market)
    {
        if (_announcedLost.Add(market))
            clients.Announce(HubEvents.Depth, market, ContinuityStates.Lost);
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Book of market {Market} at ({Epoch}, {Sequence}) differs from the leader's. Reading it from the journal."
        )]
        public static partial void Different(ILogger logger, int market, long epoch, long sequence);

        [LoggerMessage(
            LogLevel.Information,
            "Gap in market {Market}: book at sequence {Sequence}, received message follows {Previous}. Reading the book again."
        )]
        public static partial void Gap(ILogger logger, int market, long sequence, long previous);
    }
}
