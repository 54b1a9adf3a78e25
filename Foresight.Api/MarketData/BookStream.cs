using Foresight.Api.Markets;
using Foresight.Protocol;

namespace Foresight.Api.MarketData;

public enum StreamStep
{
    Applied,

    /// <summary>A duplicate: the book includes the message already.</summary>
    Known,

    /// <summary>From a leader that has been replaced; dropped.</summary>
    Stale,

    /// <summary>A message before it is missing; it is kept until the next snapshot.</summary>
    Waiting,
}

/// <summary>
/// One market's book, maintained from a Postgres snapshot and the leader's messages after it. It never shows a book that misses a message:
/// between the detection of a gap and the next snapshot it is not <see cref="IsLive"/>. The feed's loop writes; any thread may read.
/// </summary>
public sealed class BookStream(Market market)
{
    /// <summary>Recent messages kept for clients that reconnect.</summary>
    private const int KeptMessages = 256;

    /// <summary>
    /// Messages kept while a snapshot is being read. More of them mean that the read took too long, and the snapshot is read again.
    /// </summary>
    private const int MaxWaiting = 10_000;

    private readonly Lock _gate = new();
    private readonly Book _book = new(market.Outcomes.Count);
    private readonly Queue<DepthMessage> _recent = new();
    private readonly List<DepthMessage> _waiting = [];
    private SharedMessage? _snapshot;

    public int Market => market.Id;
    public int Shard => market.Shard;
    public bool IsBinary => market.IsBinary;
    public bool IsLive { get; private set; }
    public long Epoch { get; private set; }
    public long Sequence { get; private set; }

    /// <summary>Applied changes are returned in the form that clients get.</summary>
    public StreamStep Take(DepthMessage message, out DepthMessage? applied)
    {
        applied = null;
        lock (_gate)
        {
            if (message.Epoch < Epoch)
                return StreamStep.Stale;
            if (message.Snapshot)
            {
                // A snapshot may arrive after newer changes of the same epoch.
                if (IsLive && message.Epoch == Epoch && message.Sequence < Sequence)
                    return StreamStep.Known;
                _book.Replace(message.Levels);
                Install(message.Epoch, message.Sequence);
                applied = Whole();
                _waiting.RemoveAll(one => one.Epoch < Epoch || one.Epoch == Epoch && one.Sequence <= Sequence);
                return StreamStep.Applied;
            }

            if (!IsLive)
                return Wait(message);
            if (message.Sequence <= Sequence && message.Epoch == Epoch)
                return StreamStep.Known;
            if (!Follows(message))
                return Wait(message);
            applied = Apply(message);
            return StreamStep.Applied;
        }
    }

    /// <summary>Applies a snapshot from the journal. False if it is still older than a waiting message: it must be read again.</summary>
    public bool Take(BookSnapshot read, out DepthMessage? applied)
    {
        applied = null;
        lock (_gate)
        {
            // A routine verification: nothing was missing.
            if (IsLive && (read.Sequence <= Sequence || _book.HasLevels(read.Levels[market.Id])))
                return true;
            if (read.Sequence < Sequence)
                return false;
            _book.Replace(read.Levels[market.Id]);
            Install(Math.Max(read.Epoch, Epoch), read.Sequence);
            foreach (
                var message in _waiting
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

            _waiting.Clear();
            applied = Whole();
            return true;
        }
    }

    /// <summary>Marks the book as stale until the next snapshot, because the connection that delivers changes was lost.</summary>
    public void Distrust()
    {
        lock (_gate)
        {
            IsLive = false;
            _snapshot = null;
        }
    }

    /// <summary>Drops all state after a message that no leader can have sent.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            (Epoch, Sequence, IsLive, _snapshot) = (0, 0, false, null);
            _recent.Clear();
            _waiting.Clear();
        }
    }

    /// <summary>The whole book as a message, built once and shared until the book changes; null while the book is not live.</summary>
    public SharedMessage? Snapshot()
    {
        lock (_gate)
        {
            if (!IsLive)
                return null;
            return _snapshot ??= SharedMessage.Depth(Whole());
        }
    }

    /// <summary>Changes after a position that a client has; null if only a snapshot can help.</summary>
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
                [.. _book.Bids(outcome).Take(levels).Select(View)],
                [.. _book.Asks(outcome).Take(levels).Select(View)],
                BookChecksum.Of(_book.Bids(outcome), _book.Asks(outcome))
            );
        }

        static LevelView View(KeyValuePair<int, long> level) => new(Decimals.Price(level.Key), Decimals.Shares(level.Value));
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
        if (_waiting.Count >= MaxWaiting)
            _waiting.Clear();
        _waiting.Add(message);
        return StreamStep.Waiting;
    }

    /// <summary>
    /// True if no message is missing between the book and this one. The first message of an epoch is a snapshot and names no predecessor;
    /// so a change without one means that the snapshot before it was lost.
    /// </summary>
    private bool Follows(DepthMessage message) => message.Previous <= Sequence && (message.Epoch == Epoch || message.Previous > 0);

    private void Install(long epoch, long sequence)
    {
        (Epoch, Sequence, IsLive, _snapshot) = (epoch, sequence, true, null);
        _recent.Clear();
    }

    private DepthMessage Whole() => new(market.Id, Epoch, Sequence, Previous: 0, Snapshot: true, _book.Levels(), _book.Checksums());

    private DepthMessage Apply(DepthMessage message)
    {
        _book.Apply(message.Levels);
        var applied = message with { Previous = Sequence, Checksums = _book.Checksums() };
        (Epoch, Sequence, _snapshot) = (message.Epoch, message.Sequence, null);
        _recent.Enqueue(applied);
        if (_recent.Count > KeptMessages)
            _recent.Dequeue();
        return applied;
    }
}
