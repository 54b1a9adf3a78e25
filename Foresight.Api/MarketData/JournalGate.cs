using Foresight.Protocol;
using Foresight.ServiceDefaults.Telemetry;

namespace Foresight.Api.MarketData;

/// <summary>
/// Holds back a message that is ahead of what the journal may hold (a term that Postgres does not know, or a far position), because a
/// stream that believed it would take every later message for an old one. It waits until the position has been read again, some
/// milliseconds after a change of leader; then it goes on or is dropped. Only the feed's loop uses it.
/// </summary>
public sealed partial class JournalGate(
    BookFeed books,
    PositionCheck check,
    LeaderSilence silence,
    MarketDataMetrics metrics,
    TimeProvider clock,
    ILogger logger
)
{
    /// <summary>
    /// Commands by which a message may be ahead of the last position read, which is 3 s old at most; at more than 30,000 a second the
    /// position is read more often.
    /// </summary>
    public const long MaxAhead = 100_000;

    /// <summary>Bound on waiting messages of a shard; those above it are lost, as if Redis had not delivered them.</summary>
    public const int MaxHeld = 10_000;

    /// <summary>Bound on the JSON of the waiting messages of all shards, with the same effect: they may be whole books.</summary>
    public const int MaxHeldBytes = 16 * 1024 * 1024;

    /// <summary>Firm money is in one shard. The epoch is settlement's, which a reading of any shard brings.</summary>
    private const int FirmShard = 0;

    /// <summary>A flood of false messages must not become a flood of queries.</summary>
    private static readonly TimeSpan ReadPause = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<int, Shard> _shards = [];
    private readonly ReportPause _pause = new(clock);
    private long _heldBytes;

    /// <summary>False: the caller must not handle the message, because it waits or was dropped.</summary>
    internal bool Admits(FeedItem item)
    {
        if (PlaceOf(item) is not { } place)
            return true;
        if (place.Shard is not { } shardNumber)
            return Unhandled(place, MarketDataMetrics.UnknownMarket);
        if (shardNumber is < 0 or >= Shards.Maximum)
            return Unhandled(place, MarketDataMetrics.UnknownShard);
        if (!_shards.TryGetValue(shardNumber, out var shard))
            _shards.Add(shardNumber, shard = new Shard());
        if (shard.Known is { } known && IsPlausible(place, known))
            return true;
        if (shard.Held.Count < MaxHeld && _heldBytes + item.Bytes <= MaxHeldBytes)
        {
            shard.Held.Add((item, check.Begun));
            _heldBytes += item.Bytes;
        }
        else
        {
            Unhandled(place, MarketDataMetrics.NoRoom);
            silence.MissMessages();
        }

        Read(shardNumber, shard);
        return false;
    }

    /// <summary>
    /// Returns the messages that may go on after this reading, in their order. Those that came while it ran may be of a later commit than
    /// it saw, and wait for another.
    /// </summary>
    internal IReadOnlyList<FeedItem> Release(FeedItem.PositionRead read)
    {
        if (!_shards.TryGetValue(read.Shard, out var shard))
            _shards.Add(read.Shard, shard = new Shard());
        shard.Known = read.Journal;
        if (shard.Held.Count == 0)
            return [];
        var released = new List<FeedItem>();
        var waiting = new List<(FeedItem Item, long Begun)>();
        foreach (var (item, begun) in shard.Held)
        {
            var place = PlaceOf(item)!.Value;
            if (IsPlausible(place, read.Journal))
                released.Add(item);
            else if (begun >= read.Number)
                waiting.Add((item, begun));
            else
                Drop(place);
        }

        _heldBytes += waiting.Sum(one => (long)one.Item.Bytes) - shard.Held.Sum(one => (long)one.Item.Bytes);
        shard.Held = waiting;
        if (waiting.Count > 0)
            Read(read.Shard, shard);
        return released;
    }

    /// <summary>A reading may have failed, or come too soon after the one before.</summary>
    public void Tick()
    {
        foreach (var (number, shard) in _shards)
            if (shard.Held.Count > 0)
                Read(number, shard);
    }

    private void Read(int number, Shard shard)
    {
        if (shard.ReadAt is { } last && clock.GetElapsedTime(last) < ReadPause)
            return;
        shard.ReadAt = clock.GetTimestamp();
        check.Read(number, []);
    }

    private bool Unhandled(Place place, string reason)
    {
        metrics.Unhandled(place.Channel, reason);
        return false;
    }

    private void Drop(Place place)
    {
        metrics.Implausible(place.Channel);
        if (_pause.IsDue(out var others))
            Log.Implausible(logger, place.Channel, place.Epoch, place.Sequence, others);
    }

    private static bool IsPlausible(Place place, JournalPosition known) =>
        place.Epoch <= place.EpochOf(known) && (place.IsSettlement || place.Sequence <= known.Sequence + MaxAhead);

    private Place? PlaceOf(FeedItem item) =>
        item switch
        {
            FeedItem.Depth(var message) => new Place(Channels.Depth, ShardOf(message.Market), message.Epoch, message.Sequence),
            FeedItem.Trades(var message) => new Place(Channels.Trades, ShardOf(message.Market), message.Epoch, message.Sequence),
            FeedItem.Stats(var message) => new Place(Channels.Stats, ShardOf(message.Market), message.Epoch, message.Sequence),
            FeedItem.Orders(var message) => new Place(Channels.Orders, message.Shard, message.Epoch, message.Sequence),
            // Epoch and sequence are settlement's own, so they are not compared with the shard's; the sequence is not in the journal.
            FeedItem.TradeStates(var message) => new Place(
                Channels.TradeStates,
                ShardOf(message.Market),
                message.Epoch,
                message.Sequence,
                IsSettlement: true
            ),
            FeedItem.Withdrawals(var message) => new Place(
                Channels.Withdrawals,
                FirmShard,
                message.Epoch,
                message.Sequence,
                IsSettlement: true
            ),
            _ => null,
        };

    /// <summary>Null for a market that the catalog does not have yet: no client can follow it.</summary>
    private int? ShardOf(int market) => books.Find(market)?.Shard;

    private sealed class Shard
    {
        public JournalPosition? Known { get; set; }

        /// <summary>With the number of the last reading that began before the message came.</summary>
        public List<(FeedItem Item, long Begun)> Held { get; set; } = [];
        public long? ReadAt { get; set; }
    }

    private readonly record struct Place(string Channel, int? Shard, long Epoch, long Sequence, bool IsSettlement = false)
    {
        public long EpochOf(JournalPosition position) => IsSettlement ? position.SettlementEpoch : position.Epoch;
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Error,
            "Message on channel {Channel} is ahead of the journal: it names ({Epoch}, {Sequence}). It was dropped, and {Others} others "
                + "since the last report (at most one report a minute)."
        )]
        public static partial void Implausible(ILogger logger, string channel, long epoch, long sequence, int others);
    }
}
