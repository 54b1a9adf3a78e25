using System.Globalization;
using Foresight.Api.MarketData;
using Foresight.Api.Markets;
using Foresight.Chain.Signing;
using Foresight.Protocol;
using Foresight.Simulation.Network;
using Foresight.Simulation.Postgres;
using Foresight.Simulation.Processes;
using Foresight.Simulation.Redis;
using Foresight.Simulation.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foresight.Simulation.Clients;

/// <summary>
/// Follows the books as an Api node does, with the production's own gate, streams, repair and comparison with the journal; it stands for
/// <c>MarketFeed</c>, which hands messages to them. What it takes for messages is checked where they are received, and what it makes of
/// them here.
/// </summary>
internal sealed class Watcher : Process
{
    private static readonly TimeSpan ReadTime = TimeSpan.FromMilliseconds(4);

    /// <summary>More than a life has: the newest may not have committed anything yet.</summary>
    private const int MostTerms = 1_000;

    private const int MostLevels = 1_000;
    private const int LotsInAShare = 100;

    private readonly SimulatedClock _clock;
    private readonly FeedInbox _inbox = new();
    private readonly BookRepair _repair;
    private readonly PositionCheck _check;
    private readonly LeaderSilence _silence;
    private readonly BookFeed _books;
    private readonly JournalGate _gate;
    private readonly HashSet<int> _wereTrue = [];
    private readonly Dictionary<int, string> _differences = [];

    public Watcher(World world)
        : base(world, "watcher")
    {
        _clock = new SimulatedClock(world.Timeline, this, rate: 1);
        var metrics = new MarketDataMetrics(new Meters());
        _repair = new BookRepair(_inbox, (_, markets, _, _) => ReadBooksAsync(markets), _clock, NullLogger.Instance);
        _check = new PositionCheck(_inbox, (_, _) => ReadPositionAsync(), NullLogger.Instance);
        _silence = new LeaderSilence(_clock);
        _books = new BookFeed(new ClientRegistry(), _repair, metrics, NullLogger.Instance);
        _gate = new JournalGate(_books, _check, _silence, metrics, _clock, NullLogger.Instance);
        _books.Add([.. SimulatedTraders.Contracts.Select(MarketOf)]);

        var broadcast = new SimulatedBroadcast(world, this, new Link(world), _clock);
        broadcast.Subscribe<DepthMessage>(Channels.Depth, message => Take(new FeedItem.Depth(message)));
        broadcast.Subscribe<TradesMessage>(Channels.Trades, message => Take(new FeedItem.Trades(message)));
        broadcast.Subscribe<StatsMessage>(Channels.Stats, message => Take(new FeedItem.Stats(message)));
        broadcast.Subscribe<OrdersMessage>(Channels.Orders, message => Take(new FeedItem.Orders(message)));
        broadcast.Restored += () =>
        {
            _books.ReadAllTwice();
            _repair.Start();
        };
        Run(() => _ = TickAsync());
    }

    /// <summary>
    /// From here on each book must once be the journal's, or a false one would have stayed. Looked at several times, because the journal
    /// may be ahead by what is on its way.
    /// </summary>
    public void CompareBooks()
    {
        foreach (var stream in _books.All)
        {
            if (_wereTrue.Contains(stream.Market))
                continue;
            if (DifferenceOf(stream) is { } difference)
                _differences[stream.Market] = difference;
            else if (_wereTrue.Add(stream.Market))
                _differences.Remove(stream.Market);
        }

        World.Timeline.After(TimeSpan.FromSeconds(0.5), CompareBooks);
    }

    public void RequireTrueBooks()
    {
        foreach (var difference in _differences.Values)
            throw World.Violated("a false book is replaced", difference);
    }

    private string? DifferenceOf(BookStream stream)
    {
        if (!stream.IsLive)
            return $"the book of market {stream.Market} is not live";
        var levels = World.Invariants.Oracle.Levels(stream.Market).ToList();
        var shown = new HashSet<LevelChange>();
        for (var outcome = 0; outcome < OutcomesOf(stream.Market); outcome++)
        {
            var view = stream.View(outcome, MostLevels)!;
            shown.UnionWith(view.Bids.Select(level => LevelOf(outcome, isBid: true, level)));
            shown.UnionWith(view.Asks.Select(level => LevelOf(outcome, isBid: false, level)));
        }

        return shown.SetEquals(levels)
            ? null
            : $"market {stream.Market} at ({stream.Epoch}, {stream.Sequence}) has {string.Join(", ", shown.Except(levels))} too "
                + $"much, and lacks {string.Join(", ", levels.Except(shown))} of the journal";
    }

    private static LevelChange LevelOf(int outcome, bool isBid, LevelView level) =>
        new(
            outcome,
            isBid,
            (int)(decimal.Parse(level.Price, CultureInfo.InvariantCulture) * Matching.Engine.Price.TicksPerUnit),
            (long)(decimal.Parse(level.Quantity, CultureInfo.InvariantCulture) * LotsInAShare)
        );

    private async Task TickAsync()
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _clock);
            _gate.Tick();
            _check.Tick(_books.All.Select(stream => (stream.Shard, stream.Market, stream.Epoch, stream.Sequence)));
            _books.Tick(isOutage: false);
            _repair.Start();
        }
    }

    private void Take(FeedItem item)
    {
        item = World.Mutant.Heard(item);
        if (!World.Mutant.Admits(_gate, item))
            return;
        Handle(item);
        _repair.Start();
    }

    private void Handle(FeedItem item)
    {
        switch (item)
        {
            case FeedItem.Depth(var message):
                _books.Take(message);
                RequireInJournal(message.Market);
                break;
            case FeedItem.Orders(var message):
                _silence.Hear(message.Shard);
                break;
            case FeedItem.BooksRead(var markets, var snapshot):
                _repair.End();
                _books.Take(markets, snapshot);
                break;
            case FeedItem.PositionRead read:
                OnPositionRead(read);
                break;
        }
    }

    private void OnPositionRead(FeedItem.PositionRead read)
    {
        var journal = read.Journal;
        foreach (var (market, epoch, sequence) in read.Seen)
            if (epoch > journal.Epoch || sequence > journal.Sequence)
                _books.Reset(market);
        foreach (var held in _gate.Release(read))
            Handle(held);
        if (read.Seen.Count > 0 && _silence.EndsIn(read.Shard, (journal.Epoch, journal.Sequence)))
            _books.Read(read.Shard, onlyMissing: false);
    }

    private void RequireInJournal(int market)
    {
        var stream = _books.Find(market)!;
        var (epoch, sequence) = World.Invariants.Highest;
        if (stream.Epoch > epoch + MostTerms || stream.Sequence > sequence + JournalGate.MaxAhead)
            throw World.Violated(
                "nothing ahead of the journal is believed",
                $"the book of market {market} is at ({stream.Epoch}, {stream.Sequence})"
            );
    }

    private async Task<BookSnapshot> ReadBooksAsync(int[] markets)
    {
        await ReachPostgresAsync();
        var tables = World.Postgres.Tables;
        var levels = markets.SelectMany(market => World.Invariants.Oracle.Levels(market).Select(level => (market, level)));
        var snapshot = new BookSnapshot(EpochOfLast(tables), tables.LastSequence, levels.ToLookup(one => one.market, one => one.level));
        DrainSoon();
        return snapshot;
    }

    private async Task<JournalPosition> ReadPositionAsync()
    {
        await ReachPostgresAsync();
        var tables = World.Postgres.Tables;
        var epoch = Math.Max(tables.Leadership?.Epoch ?? 0, EpochOfLast(tables));
        DrainSoon();
        return new JournalPosition(epoch, tables.LastSequence, World.SettlementTerm.Claim.Epoch);
    }

    private static long EpochOfLast(Tables tables) => tables.Commands.TryGetValue(tables.LastSequence, out var last) ? last.Epoch : 0;

    private async Task ReachPostgresAsync()
    {
        await Task.Delay(ReadTime, _clock);
        if (World.Postgres is not { Alive: true, Paused: false })
        {
            DrainSoon();
            throw Errors.Unreachable();
        }
    }

    /// <summary>What was read is posted when the reading ends, perhaps after a pause, and this loop waits for no channel.</summary>
    private void DrainSoon()
    {
        foreach (var after in new[] { 1, 600 })
            World.Timeline.After(TimeSpan.FromMilliseconds(after), () => Run(Drain));
    }

    private void Drain()
    {
        while (_inbox.TryTake() is { } item)
            Handle(item);
        _repair.Start();
    }

    private static int OutcomesOf(int market) => market == 1 ? 2 : 3;

    private static Market MarketOf((int MarketId, Foresight.Chain.Address Contract) market) =>
        new(
            market.MarketId,
            market.Contract,
            "?",
            [.. Enumerable.Range(1, OutcomesOf(market.MarketId)).Select(outcome => $"{outcome}")],
            100,
            0,
            ClosesAt: null,
            ResolvedOutcome: null,
            TypedDataDomain.OfMarket(SimulatedTraders.ChainId, market.Contract)
        );
}
