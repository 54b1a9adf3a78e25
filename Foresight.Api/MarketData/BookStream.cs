using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

public enum StreamStep
{
    Applied,

    Known,

    Stale,

    /// <summary>A message before it is missing, so it is kept until the next snapshot.</summary>
    Waiting,

    Same,

    /// <summary>The leader's book has another hash, so this one must be read from the journal.</summary>
    Different,
}

/// <summary>
/// Between the detection of a gap and the next snapshot the book is not <see cref="IsLive"/>, so that no reader sees one that misses a
/// message. The feed's loop writes; any thread may read.
/// </summary>
public sealed class BookStream(Market market)
{
    /// <summary>A client that reconnects within this many messages of its market needs no snapshot.</summary>
    private const int KeptMessages = 256;

    /// <summary>More waiting messages mean that the read of the snapshot took too long, and it is read again.</summary>
    public const int MaxWaiting = 10_000;

    /// <summary>Levels, of some 40 bytes, in the waiting messages together: above them it is read again too.</summary>
    public const int MaxWaitingLevels = 200_000;

    /// <summary>Levels in the kept messages together; a client that would need older ones gets a snapshot.</summary>
    public const int MaxKeptLevels = 100_000;

    private readonly Lock _gate = new();
    private readonly Book _book = new(market.Outcomes.Count);
    private readonly Queue<DepthMessage> _recent = new();
    private readonly List<(DepthMessage Message, long Readings)> _waiting = [];
    private int _recentLevels;
    private int _waitingLevels;
    private long _readings;
    private int _implausible;
    private SharedMessage? _snapshot;

    public int Market => market.Id;
    public int Shard => market.Shard;
    public bool IsBinary => market.IsBinary;
    public bool IsLive { get; private set; }
    public long Epoch { get; private set; }
    public long Sequence { get; private set; }

    /// <param name="applied">
    /// Names the message before it in this stream, because a client's stream may differ from the leader's numbering.
    /// </param>
    public StreamStep Take(DepthMessage message, out DepthMessage? applied)
    {
        applied = null;
        lock (_gate)
        {
            if (message.Epoch < Epoch)
                return StreamStep.Stale;
            if (message.Snapshot)
            {
                // A snapshot may arrive after newer changes of the same epoch, which it must not undo.
                if (IsLive && message.Epoch == Epoch && message.Sequence < Sequence)
                    return StreamStep.Known;
                _book.Replace(message.Levels);
                Install(message.Epoch, message.Sequence);
                applied = Whole();
                DropWaiting(one => one.Message.Epoch < Epoch || one.Message.Epoch == Epoch && one.Message.Sequence <= Sequence);
                return StreamStep.Applied;
            }

            if (!IsLive)
                return Wait(message);
            if (message.Sequence <= Sequence && (message.Epoch == Epoch || message.Levels.Count == 0))
            {
                // A new leader that has written nothing yet repeats a position of its predecessor, so only the epoch changes.
                if (message.Epoch != Epoch)
                    (Epoch, _snapshot) = (message.Epoch, null);
                return message.Checksums is null ? StreamStep.Known
                    : IsDifferent(message.Checksums, message.Sequence) ? StreamStep.Different
                    : StreamStep.Same;
            }

            if (!Follows(message))
                return Wait(message);
            applied = Apply(message);
            return StreamStep.Applied;
        }
    }

    /// <summary>
    /// Marks the messages that wait already. Must be called before the journal is read: messages are published after their commit, so the
    /// reading has each of them, unless no leader has sent it.
    /// </summary>
    public void BeginReading()
    {
        lock (_gate)
            _readings++;
    }

    /// <summary>Messages ahead of the journal that were dropped since the last call.</summary>
    public int TakeImplausible()
    {
        lock (_gate)
        {
            var implausible = _implausible;
            _implausible = 0;
            return implausible;
        }
    }

    /// <summary>
    /// False if the snapshot is older than the book, or than a message that came while it was read and whose predecessor is missing: it
    /// must be read again. A message that waited before <see cref="BeginReading"/> is in the snapshot or false, so it asks for nothing.
    /// </summary>
    public bool Take(BookSnapshot read, out DepthMessage? applied)
    {
        applied = null;
        lock (_gate)
        {
            // A routine verification: nothing was missing, because at one position there is one book.
            if (IsLive && (read.Sequence < Sequence || _book.HasLevels(read.Levels[market.Id])))
                return true;
            _implausible += _waiting.Count(one => one.Readings < _readings && one.Message.Sequence > read.Sequence);
            DropWaiting(one => one.Readings < _readings);
            if (read.Sequence < Sequence)
                return false;
            _book.Replace(read.Levels[market.Id]);
            Install(Math.Max(read.Epoch, Epoch), read.Sequence);
            foreach (
                var message in _waiting
                    .Select(one => one.Message)
                    .Where(message => message.Sequence > Sequence)
                    .OrderBy(message => message.Epoch)
                    .ThenBy(message => message.Sequence)
                    .ToList()
            )
            {
                if (!Follows(message))
                {
                    IsLive = false;
                    return false;
                }

                Apply(message);
            }

            ForgetWaiting();
            applied = Whole();
            return true;
        }
    }

    /// <summary>While the connection that delivers changes is lost, some may be missing, so the book waits for the next snapshot.</summary>
    public void Distrust()
    {
        lock (_gate)
        {
            IsLive = false;
            _snapshot = null;
        }
    }

    /// <summary>
    /// After a message that no leader can have sent the position is too high, and every later message would pass for an old one.
    /// </summary>
    public void Reset()
    {
        lock (_gate)
        {
            (Epoch, Sequence, IsLive, _snapshot) = (0, 0, false, null);
            ForgetRecent();
            ForgetWaiting();
        }
    }

    /// <summary>
    /// Built once and shared until the book changes, because every new follower gets it; null while the book is not live.
    /// </summary>
    public SharedMessage? Snapshot()
    {
        lock (_gate)
        {
            if (!IsLive)
                return null;
            return _snapshot ??= SharedMessage.Depth(Whole());
        }
    }

    /// <summary>
    /// Null if only a snapshot can help: the changes since the client's position are no longer kept, or of another epoch.
    /// </summary>
    public IReadOnlyList<DepthMessage>? After(long epoch, long sequence)
    {
        lock (_gate)
        {
            if (!IsLive || epoch != Epoch || sequence > Sequence)
                return null;
            if (sequence == Sequence)
                return [];
            var missed = _recent.Where(message => message.Sequence > sequence).ToList();
            // The first change must follow the client's position. Kept messages name the message before them in this stream, which may
            // differ from the leader's numbering.
            return missed.Count > 0 && missed[0].Previous <= sequence && missed.TrueForAll(message => message.Epoch == epoch)
                ? missed
                : null;
        }
    }

    public DepthView? View(int outcome, int levels)
    {
        lock (_gate)
        {
            if (!IsLive)
                return null;
            return new DepthView(
                market.Id,
                outcome,
                Epoch,
                Sequence,
                [.. _book.Bids(outcome).Take(levels).Select(level => View(level, isBid: true))],
                [.. _book.Asks(outcome).Take(levels).Select(level => View(level, isBid: false))],
                BookChecksum.Of(_book.Bids(outcome), _book.Asks(outcome))
            );
        }

        LevelView View(KeyValuePair<int, long> level, bool isBid) =>
            new(
                Decimals.Price(level.Key),
                Decimals.Shares(level.Value),
                _book.FirmLots(outcome, isBid, level.Key) is > 0 and var firm ? Decimals.Shares(firm) : null
            );
    }

    public (int? Bid, int? Ask) Best(int outcome)
    {
        lock (_gate)
        {
            if (!IsLive)
                return (null, null);
            return (
                _book.Bids(outcome).Select(level => (int?)level.Key).FirstOrDefault(),
                _book.Asks(outcome).Select(level => (int?)level.Key).FirstOrDefault()
            );
        }
    }

    private StreamStep Wait(DepthMessage message)
    {
        IsLive = false;
        _snapshot = null;
        if (_waiting.Count >= MaxWaiting || _waitingLevels + message.Levels.Count > MaxWaitingLevels)
            ForgetWaiting();
        _waiting.Add((message, _readings));
        _waitingLevels += message.Levels.Count;
        return StreamStep.Waiting;
    }

    private void DropWaiting(Predicate<(DepthMessage Message, long Readings)> isDropped)
    {
        _waiting.RemoveAll(isDropped);
        _waitingLevels = _waiting.Sum(one => one.Message.Levels.Count);
    }

    private void ForgetWaiting()
    {
        _waiting.Clear();
        _waitingLevels = 0;
    }

    private void ForgetRecent()
    {
        _recent.Clear();
        _recentLevels = 0;
    }

    /// <summary>
    /// Compares the book with the leader's. At the same position a difference proves this book wrong. A book that was read from the journal
    /// may be ahead of the leader's last message, by changes that are still to come; so it stays live until it has been read again.
    /// </summary>
    private bool IsDifferent(IReadOnlyList<uint> hashes, long sequence)
    {
        if (_book.HasHashes(hashes))
            return false;
        if (sequence == Sequence)
            (IsLive, _snapshot) = (false, null);
        return true;
    }

    /// <summary>
    /// True if no message is missing between the book and this one. The first message of an epoch is a snapshot and names no predecessor;
    /// so a change without one means that the snapshot before it was lost.
    /// </summary>
    private bool Follows(DepthMessage message) => message.Previous <= Sequence && (message.Epoch == Epoch || message.Previous > 0);

    private void Install(long epoch, long sequence)
    {
        (Epoch, Sequence, IsLive, _snapshot) = (epoch, sequence, true, null);
        ForgetRecent();
    }

    private DepthMessage Whole() => new(market.Id, Epoch, Sequence, Previous: 0, Snapshot: true, _book.Levels(), _book.Checksums());

    private DepthMessage Apply(DepthMessage message)
    {
        _book.Apply(message.Levels);
        var applied = message with { Previous = Sequence, Checksums = _book.Checksums() };
        (Epoch, Sequence, _snapshot) = (message.Epoch, message.Sequence, null);
        _recent.Enqueue(applied);
        _recentLevels += applied.Levels.Count;
        while (_recent.Count > KeptMessages || _recentLevels > MaxKeptLevels)
            _recentLevels -= _recent.Dequeue().Levels.Count;
        return applied;
    }
}
