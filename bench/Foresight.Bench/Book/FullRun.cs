using System.Runtime.CompilerServices;
using Foresight.Matching.Engine;

namespace Foresight.Bench.Book;

public sealed class FullRun : IEngineRun
{
    private readonly ExchangeEngine _engine;
    private readonly FullStream _stream;
    private readonly Command[] _commands;
    private CountingEvents _events;

    public FullRun(FullStream stream, ExchangeCapacity capacity)
    {
        _engine = new ExchangeEngine(0, capacity);
        _stream = stream;
        _commands = new Command[Batch];
        foreach (ref readonly var command in stream.SetUp.AsSpan())
            _engine.Apply(command, ref _events);
        if (Missed > 0)
            throw new InvalidOperationException($"the set-up was refused: {FirstRefusal}");
    }

    /// <summary>
    /// Commands are prepared in batches outside the measured time, because in a node they were decoded just before and are in the cache
    /// when they are applied.
    /// </summary>
    public int Batch => 1024;

    public int Missed => _events.Refusals.Count;

    public string? FirstRefusal => _events.Refusals.Count == 0 ? null : _events.Refusals.First.ToString();

    public TradeTotals Totals => new(_events.Trades, _events.Quantity, _events.Notional, 0);

    public ExchangeEngine Engine => _engine;

    public void Prepare(int from, int to) => _stream.Fill(from, _commands.AsSpan(0, to - from));

    public void Run(int from, int to) => Apply(to - from, ref _events);

    public TradeTotals RunHashed()
    {
        var events = new HashingEvents { Totals = TradeTotals.None, Offset = _stream.SetUp.Length };
        for (var from = 0; from < _stream.Count; from += Batch)
        {
            var to = Math.Min(from + Batch, _stream.Count);
            Prepare(from, to);
            Apply(to - from, ref events);
        }

        _events.Refusals = events.Refusals;
        return events.Totals;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply<TEvents>(int count, ref TEvents events)
        where TEvents : struct, IExchangeEvents
    {
        var engine = _engine;
        foreach (ref readonly var command in _commands.AsSpan(0, count))
            engine.Apply(command, ref events);
    }

    private struct Refusals
    {
        public int Count;
        public RejectReason First;

        public void Add(RejectReason reason)
        {
            if (Count++ == 0)
                First = reason;
        }
    }

    /// <summary>Reads every event inside the measured time, because a consumer that keeps totals would.</summary>
    private struct CountingEvents : IExchangeEvents
    {
        public long Trades;
        public long Quantity;
        public long Notional;
        public long Accepted;
        public long Cancelled;
        public long Touched;
        public Refusals Refusals;

        public void OnAccepted(OrderId order, Purse purse, in Command placed) => Accepted++;

        public void OnRejected(in CommandRejected e) => Refusals.Add(e.Reason);

        public readonly void OnTrade(in TradeExecuted e) { }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void OnFilled(in OrderFilled e)
        {
            if (!e.IsTaker)
                return;
            Trades++;
            Quantity += e.Quantity.Lots;
            // The workload's notional is in outcome 0's prices. The mask converts without a branch, which would be mispredicted.
            var mirror = -e.Outcome;
            Notional += ((e.Price.Ticks ^ mirror) + ((Price.TicksPerUnit + 1) & mirror)) * e.Quantity.Lots;
        }

        public void OnCancelled(in OrderCancelled e) => Cancelled++;

        public readonly void OnReplaced(in OrderReplaced e) { }

        public readonly void OnMarketChanged(in MarketChanged e) { }

        public readonly void OnTradeClosed(in TradeClosed e) { }

        public void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) => Touched++;
    }

    private struct HashingEvents : IExchangeEvents
    {
        public TradeTotals Totals;
        public long Offset;
        public Refusals Refusals;
        private long _taker;

        public readonly void OnAccepted(OrderId order, Purse purse, in Command placed) { }

        public void OnRejected(in CommandRejected e) => Refusals.Add(e.Reason);

        public readonly void OnTrade(in TradeExecuted e) { }

        public void OnFilled(in OrderFilled e)
        {
            // The published hash is over the workload's own ids and prices: operation numbers, and outcome 0's price.
            var id = e.Order.Value - Offset;
            if (e.IsTaker)
                _taker = id;
            else
                Totals = Totals.With(id, _taker, e.Outcome == 0 ? e.Price.Ticks : Price.TicksPerUnit - e.Price.Ticks, e.Quantity.Lots);
        }

        public readonly void OnCancelled(in OrderCancelled e) { }

        public readonly void OnReplaced(in OrderReplaced e) { }

        public readonly void OnMarketChanged(in MarketChanged e) { }

        public readonly void OnTradeClosed(in TradeClosed e) { }

        public readonly void OnBalanceTouched(AccountId account, MarketId market, byte outcome, Purse purse) { }
    }
}
