using System.Collections.Immutable;
using Foresight.Protocol;

namespace Foresight.Console.MarketData;

/// <param name="FirmLots">The part that is paid from the vault.</param>
public sealed record BookLevel(int PriceTicks, long Lots, long Total, long FirmLots = 0);

public sealed record HeardState(TradeState State, DateTimeOffset At)
{
    /// <summary>A trade that was read after the state arrived has a newer one already, which must stay.</summary>
    public TradeView On(TradeView trade, DateTimeOffset readAt) =>
        At < readAt
            ? trade
            : trade with
            {
                Settlement = State.Settlement,
                SettlementReason = State.Reason,
                TransactionHash = State.TransactionHash,
                BlockNumber = State.BlockNumber,
            };
}

/// <summary>Immutable, so that all circuits can render it without locks.</summary>
/// <param name="Failure">Reason why the state is not current; null if it is.</param>
public sealed record MarketSnapshot(
    long Epoch,
    long Sequence,
    ImmutableArray<(ImmutableArray<BookLevel> Bids, ImmutableArray<BookLevel> Asks)> Books,
    ImmutableArray<TradeView> Trades,
    ImmutableDictionary<long, HeardState> States,
    MarketStats? Stats,
    DateTimeOffset? HeardAt,
    string? Failure
);

/// <summary>Guarded by its own lock, because the stream writes while circuits read.</summary>
public sealed class LiveMarket(int id)
{
    public const int DrawnLevels = 100;

    /// <summary>Pages read older trades from the Api, so more need not be kept.</summary>
    public const int KeptTrades = 200;

    /// <summary>More than a page shows, and enough because trades that are not settled yet are the newest.</summary>
    public const int KeptStates = 1_000;

    private const int MaxOutcomes = 8;

    private readonly Lock _gate = new();
    private readonly OrderBook _book = new();
    private readonly LinkedList<TradeView> _trades = [];
    private ImmutableDictionary<long, HeardState> _states = ImmutableDictionary<long, HeardState>.Empty;
    private MarketStats? _stats;
    private DateTimeOffset? _heardAt;
    private string? _failure;
    private ImmutableList<Action> _watchers = [];
    private int _changes;

    public int Id { get; } = id;

    public ImmutableList<Action> Watchers => _watchers;

    /// <summary>True once after each change, so that pages are notified only of changes.</summary>
    public bool TakeChanged() => Interlocked.Exchange(ref _changes, 0) != 0;

    public void Add(Action watcher) => ImmutableInterlocked.Update(ref _watchers, list => list.Add(watcher));

    public void Remove(Action watcher) => ImmutableInterlocked.Update(ref _watchers, list => list.Remove(watcher));

    /// <summary>False if a message is missing, so that a new snapshot must be requested.</summary>
    public bool Take(DepthMessage message)
    {
        lock (_gate)
        {
            var step = _book.Apply(message);
            if (step == BookStep.Gap)
                _failure = "A change of the book is missing; a fresh one is on its way.";
            else if (step == BookStep.Applied)
                _failure = null;
            _changes = 1;
            return step != BookStep.Gap;
        }
    }

    /// <summary>The hub has sent a change that the book lacks: a message was lost, and a new snapshot must be requested.</summary>
    public bool Take(HeartbeatMarket sent)
    {
        lock (_gate)
            return !_book.IsWhole || sent.Epoch < _book.Epoch || sent.Sequence <= _book.Sequence;
    }

    public void Take(TradesMessage message)
    {
        lock (_gate)
        {
            foreach (var trade in message.Trades)
            {
                // A snapshot on subscribing may repeat known trades, which must not be shown twice.
                if (_trades.All(known => known.TradeId != trade.TradeId))
                    _trades.AddFirst(trade);
            }

            while (_trades.Count > KeptTrades)
                _trades.RemoveLast();
            _changes = 1;
        }
    }

    public void Take(TradeStatesMessage message, DateTimeOffset now)
    {
        lock (_gate)
        {
            _states = _states.SetItems(message.Trades.Select(trade => KeyValuePair.Create(trade.TradeId, new HeardState(trade, now))));
            if (_states.Count > KeptStates)
                _states = _states.RemoveRange(_states.Keys.Order().Take(_states.Count - KeptStates).ToList());
            _changes = 1;
        }
    }

    public void Take(StatsMessage message)
    {
        lock (_gate)
        {
            _stats = message.Stats;
            _changes = 1;
        }
    }

    public void Heard(DateTimeOffset now)
    {
        lock (_gate)
        {
            _heardAt = now;
            _changes = 1;
        }
    }

    public void Fail(string reason)
    {
        lock (_gate)
        {
            _book.Distrust();
            _failure = reason;
            _changes = 1;
        }
    }

    public MarketSnapshot Draw()
    {
        lock (_gate)
        {
            var books = Enumerable.Range(0, MaxOutcomes).Select(outcome => (Totals(outcome, isBid: true), Totals(outcome, isBid: false)));
            var waiting = _failure is null && !_book.IsWhole ? "Waiting for the book." : _failure;
            return new MarketSnapshot(_book.Epoch, _book.Sequence, [.. books], [.. _trades], _states, _stats, _heardAt, waiting);
        }
    }

    private ImmutableArray<BookLevel> Totals(int outcome, bool isBid)
    {
        var total = 0L;
        return
        [
            .. _book
                .Levels(outcome, isBid, DrawnLevels)
                .Select(level => new BookLevel(level.PriceTicks, level.Lots, total += level.Lots, level.FirmLots)),
        ];
    }
}
