using System.Collections.Concurrent;
using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

/// <summary>
/// Books of all markets and their followers. Between the detection of a gap and the next snapshot from the journal a book is neither shown
/// nor sent. Only the feed's loop writes; any thread may read a book.
/// </summary>
public sealed partial class BookFeed(ClientRegistry clients, BookRepair repair, MarketDataMetrics metrics, ILogger logger)
{
    /// <summary>Seconds without a book until its clients are notified; the requirement is 2 s.</summary>
    private const int TicksBeforeAnnounced = 1;

    private readonly ConcurrentDictionary<int, BookStream> _streams = new();
    private readonly Dictionary<int, int> _ticksWithout = [];
    private readonly HashSet<int> _announcedLost = [];
    private bool _readAgain;

    /// <summary>Concurrent, because request threads read books while the loop adds markets.</summary>
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
        // The catalog does not know the market yet; its book is read as soon as the catalog does.
        if (!_streams.TryGetValue(message.Market, out var stream))
            return;
        switch (stream.Take(message, out var applied))
        {
            case StreamStep.Applied:
                Send(stream, applied!);
                break;
            case StreamStep.Stale:
                metrics.Stale(Channels.Depth);
                break;
            case StreamStep.Waiting when repair.Want(stream):
                metrics.Gap(Channels.Depth);
                Log.Gap(logger, message.Market, stream.Sequence, message.Previous);
                break;
        }
    }

    /// <summary>Returns the markets whose books are now at or after the snapshot; the others are read again.</summary>
    /// <param name="snapshot">Null if the read failed: all of the books are then read again.</param>
    public IReadOnlyList<int> Take(IReadOnlyList<int> markets, BookSnapshot? snapshot)
    {
        var taken = new List<int>();
        foreach (var market in markets)
        {
            var stream = _streams[market];
            if (snapshot is null || !stream.Take(snapshot, out var applied))
            {
                repair.Want(stream);
                continue;
            }

            taken.Add(market);
            if (applied is not null)
                Send(stream, applied);
        }

        return taken;
    }

    /// <summary>
    /// Sends a new follower the changes it missed if they are still kept, else the whole book.
    /// Without a live book the follower gets it as soon as there is one.
    /// </summary>
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
    /// Resets a book that is ahead of the journal. Its clients are past that position too: the
    /// notice makes them accept the next snapshot at any position.
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
    /// Reads all books again after a reconnect, with a delay: Redis may resume delivery only
    /// after an immediate read, and messages in between would be missed.
    /// </summary>
    public void ReadAllTwice()
    {
        WantAll();
        ReadAllAtNextTick();
    }

    public void ReadAllAtNextTick() => _readAgain = true;

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
            LogLevel.Information,
            "Gap in market {Market}: book at sequence {Sequence}, received message follows {Previous}. Reading the book again."
        )]
        public static partial void Gap(ILogger logger, int market, long sequence, long previous);
    }
}
