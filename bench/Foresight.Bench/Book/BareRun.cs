using System.Runtime.CompilerServices;
using Foresight.Matching.Engine;
using Foresight.Matching.Engine.Books;

namespace Foresight.Bench.Book;

/// <summary>
/// Without accounts and events, so that the difference from <see cref="FullRun"/> is the cost of the exchange's rules around the books.
/// </summary>
public sealed class BareRun : IEngineRun
{
    private readonly Operation[] _operations;
    private readonly OrderBooks _books;
    private readonly int[] _slots;
    private CountingMatcher _sink;

    public BareRun(Operation[] operations, int books, int orders)
    {
        _operations = operations;
        _books = new OrderBooks(orders, BookStream.PagesOf(operations, books));
        for (var book = 0; book < books; book++)
            _books.AddBook(book + 1, 0);
        _slots = new int[operations.Length + 1];
        // Touches the memory now, because the first access costs a page fault, which must not count as matching.
        Array.Fill(_slots, -1);
        Array.Clear(_slots);
    }

    /// <summary>The stream is already in the form that the books take, so it needs no batches.</summary>
    public int Batch => _operations.Length;

    public int Missed { get; private set; }

    public string? FirstRefusal => Missed == 0 ? null : nameof(RejectReason.UnknownOrder);

    public TradeTotals Totals => new(_sink.Trades, _sink.Quantity, _sink.Notional, 0);

    public void Prepare(int from, int to) { }

    public void Run(int from, int to)
    {
        // Copied to the stack while it runs, as a consumer's sink would be.
        var sink = _sink;
        Run(from, to, ref sink);
        _sink = sink;
    }

    public TradeTotals RunHashed()
    {
        var sink = new HashingMatcher { Totals = TradeTotals.None };
        Run(0, _operations.Length, ref sink);
        return sink.Totals;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Run<TMatcher>(int from, int to, ref TMatcher matcher)
        where TMatcher : struct, ITakerMatcher
    {
        var books = _books;
        var slots = _slots;
        foreach (ref readonly var operation in _operations.AsSpan(from, to - from))
        {
            if (operation.Kind == OperationKind.Cancel)
            {
                if (!books.TryRemove(slots[operation.Id], (int)operation.Id))
                    Missed++;
                continue;
            }

            // The books are keyed by what the other side pays (see <see cref="Ladder"/>), so a buy rests at 10000 - price and trades up to
            // its own price; a sell the other way round.
            var ladder = operation.Book * 2 + operation.Side;
            var key = operation.Side == 0 ? Price.TicksPerUnit - operation.Price : operation.Price;
            matcher.Begin(operation);
            var left = books.Match(ladder ^ 1, Price.TicksPerUnit - key, operation.Quantity, ref matcher);
            if (left > 0 && operation.Kind == OperationKind.Limit)
                slots[operation.Id] = books.Rest(ladder, key, left, (int)operation.Id);
        }
    }

    private interface ITakerMatcher : IMatcher
    {
        void Begin(in Operation taker);
    }

    /// <summary>Counts every fill inside the measured time, because a consumer that keeps totals would.</summary>
    private struct CountingMatcher : ITakerMatcher
    {
        public long Trades;
        public long Quantity;
        public long Notional;
        private int _mirror;

        public void Begin(in Operation taker) => _mirror = -taker.Side;

        public readonly long Admit(int slot, ref Node maker, int key, long quantity) => Math.Min(maker.Quantity, quantity);

        public void OnFill(int slot, int tag, int key, long quantity, long makerLeft)
        {
            Trades++;
            Quantity += quantity;
            // Bids are keyed by 10000 - price; the mask mirrors them without a branch.
            Notional += ((key ^ _mirror) + (10_001 & _mirror)) * quantity;
        }

        public readonly bool OnRemoved(int slot, int tag, int key, long quantity) => true;
    }

    private struct HashingMatcher : ITakerMatcher
    {
        public TradeTotals Totals;
        private Operation _taker;

        public void Begin(in Operation taker) => _taker = taker;

        public readonly long Admit(int slot, ref Node maker, int key, long quantity) => Math.Min(maker.Quantity, quantity);

        public void OnFill(int slot, int tag, int key, long quantity, long makerLeft) =>
            Totals = Totals.With(tag, _taker.Id, _taker.Side == 0 ? key : Price.TicksPerUnit - key, quantity);

        public readonly bool OnRemoved(int slot, int tag, int key, long quantity) => true;
    }
}
