using System.Runtime.CompilerServices;
using Foresight.Exchange;

namespace Foresight.Bench.Book;

/// <summary>The workload through <see cref="ExchangeEngine"/>: commands in, all rules and holds, events out.</summary>
public sealed class FullRun : IEngineRun
{
    private readonly ExchangeEngine _engine;
    private readonly Command[] _commands;
    private readonly long _offset;

    public FullRun(FullStream stream, ExchangeCapacity capacity)
    {
        _engine = new ExchangeEngine(0, capacity);
        _commands = stream.Commands;
        _offset = stream.SetUp.Length;
        var ignored = new CountingEvents();
        foreach (ref readonly var command in stream.SetUp.AsSpan())
            _engine.Apply(command, ref ignored);
        if (ignored.Rejected > 0)
            throw new InvalidOperationException("the set-up was refused");
    }

    public int Missed { get; private set; }

    public TradeTotals Run()
    {
        var events = new CountingEvents();
        Run(0, _commands.Length, ref events);
        Missed = events.Rejected;
        return new TradeTotals(events.Trades, events.Quantity, events.Notional, 0);
    }

    public void Run(int from, int to)
    {
        var events = new CountingEvents();
        Run(from, to, ref events);
        Missed += events.Rejected;
    }

    public ExchangeEngine Engine => _engine;

    public TradeTotals RunHashed()
    {
        var events = new HashingEvents { Totals = TradeTotals.None, Offset = _offset };
        Run(0, _commands.Length, ref events);
        Missed = events.Rejected;
        return events.Totals;
    }

    public void RunEach(long[] ticks)
    {
        var events = new CountingEvents();
        for (var i = 0; i < _commands.Length; i++)
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            Run(i, i + 1, ref events);
            ticks[i] = System.Diagnostics.Stopwatch.GetTimestamp() - start;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TEvents>(int from, int to, ref TEvents events) where TEvents : struct, IExchangeEvents
    {
        var engine = _engine;
        foreach (ref readonly var command in _commands.AsSpan(from, to - from))
            engine.Apply(command, ref events);
    }

    /// <summary>Takes every event inside the clock, as a consumer that keeps totals would.</summary>
    private struct CountingEvents : IExchangeEvents
    {
        public long Trades;
        public long Quantity;
        public long Notional;
        public long Accepted;
        public long Cancelled;
        public long Touched;
        public int Rejected;

        public void OnAccepted(in OrderAccepted e) => Accepted++;

        public void OnRejected(in CommandRejected e) => Rejected++;

        public readonly void OnTrade(in TradeExecuted e)
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void OnFilled(in OrderFilled e)
        {
            if (!e.IsTaker)
                return;
            Trades++;
            Quantity += e.Quantity.Lots;
            Notional += (e.Outcome == 0 ? e.Price.Ticks : Price.TicksPerUnit - e.Price.Ticks) * e.Quantity.Lots;
        }

        public void OnCancelled(in OrderCancelled e) => Cancelled++;

        public readonly void OnReplaced(in OrderReplaced e)
        {
        }

        public readonly void OnMarketChanged(in MarketChanged e)
        {
        }

        public readonly void OnTradeClosed(in TradeClosed e)
        {
        }

        public void OnBalanceTouched(AccountId account, MarketId market, byte outcome) => Touched++;
    }

    private struct HashingEvents : IExchangeEvents
    {
        public TradeTotals Totals;
        public long Offset;
        public int Rejected;
        private long _taker;

        public readonly void OnAccepted(in OrderAccepted e)
        {
        }

        public void OnRejected(in CommandRejected e) => Rejected++;

        public readonly void OnTrade(in TradeExecuted e)
        {
        }

        public void OnFilled(in OrderFilled e)
        {
            // The workload's ids and prices: operation numbers, and outcome 0's price.
            var id = e.Order.Value - Offset;
            if (e.IsTaker)
                _taker = id;
            else
                Totals = Totals.With(id, _taker, e.Outcome == 0 ? e.Price.Ticks : Price.TicksPerUnit - e.Price.Ticks, e.Quantity.Lots);
        }

        public readonly void OnCancelled(in OrderCancelled e)
        {
        }

        public readonly void OnReplaced(in OrderReplaced e)
        {
        }

        public readonly void OnMarketChanged(in MarketChanged e)
        {
        }

        public readonly void OnTradeClosed(in TradeClosed e)
        {
        }

        public readonly void OnBalanceTouched(AccountId account, MarketId market, byte outcome)
        {
        }
    }
}
