namespace Foresight.Bench.Book;

/// <summary>Runs a real book, because a cancel must name a live order; so it also knows the expected trades.</summary>
public sealed class WorkloadGenerator
{
    private readonly Workload _workload;
    private readonly SplitMix64 _random;
    private readonly WorkloadMarket[] _markets;
    private int _live;

    private WorkloadGenerator(Workload workload, ulong seed)
    {
        _workload = workload;
        _random = new SplitMix64(seed);
        _markets = new WorkloadMarket[workload.Books];
        for (var i = 0; i < _markets.Length; i++)
            _markets[i] = new WorkloadMarket();
    }

    public static (Operation[] Operations, TradeTotals Totals, int MostLive) Generate(
        Workload workload,
        ulong seed,
        int resting = 0,
        bool inTheWay = false
    )
    {
        var generator = new WorkloadGenerator(workload, seed);
        var operations = new Operation[resting + workload.Operations];
        var totals = TradeTotals.None;
        var mostLive = 0;
        for (var i = 0; i < resting; i++)
        {
            operations[i] = inTheWay
                ? generator.NewOrder(generator._markets[0], 0, (uint)i + 1, isAdd: true, ref totals)
                : generator.FarOrder(generator._markets[0], (uint)i + 1);
        }

        for (var i = resting; i < operations.Length; i++)
        {
            operations[i] = generator.Next((uint)i + 1, ref totals);
            mostLive = Math.Max(mostLive, generator._live);
        }

        return (operations, totals, mostLive);
    }

    private Operation Next(uint id, ref TradeTotals totals)
    {
        var bookNumber = 0;
        if (_workload.Books > 1)
        {
            // The product of two uniform draws makes low numbers busier.
            var draw = _random.Next();
            bookNumber = (int)(((draw & 0xFFFF) * ((draw >> 16) & 0xFFFF) * (ulong)_workload.Books) >> 32);
        }

        var market = _markets[bookNumber];
        if (market.Operations > 0 && market.Operations % 64 == 0)
            market.Mid = Math.Clamp(market.Mid + (int)_random.Bounded(3) - 1, 1000, 9000);
        market.Operations++;

        var kindDraw = _random.Bounded(100);
        var addBelow = (uint)market.Live.Count < _workload.LiveTarget ? 60u : 30u;
        var isAdd = kindDraw < addBelow;
        var isCancel = !isAdd && kindDraw < 85;
        if (isCancel && market.Live.Count == 0)
            (isAdd, isCancel) = (true, false);
        if (isCancel)
        {
            var target = market.Live[(int)_random.Bounded((uint)market.Live.Count)];
            market.Book.Cancel(target);
            market.Forget(target);
            _live--;
            return new Operation
            {
                Id = target,
                Kind = OperationKind.Cancel,
                Book = (ushort)bookNumber,
            };
        }

        return NewOrder(market, bookNumber, id, isAdd, ref totals);
    }

    private Operation NewOrder(WorkloadMarket market, int bookNumber, uint id, bool isAdd, ref TradeTotals totals)
    {
        var x = _random.Next();
        var side = (int)(x & 1);
        var u = (int)((x >> 1) & 1023);
        var v = (int)((x >> 11) & 1023);
        var distance = 1 + ((u * v) >> 13);
        var quantity = 1 + (uint)(((x >> 32) * 100) >> 32);
        var price = market.Mid + (isAdd == (side == 0) ? -distance : distance);
        var isImmediate = !isAdd && ((x >> 21) & 1) == 1;
        var before = market.Live.Count;
        totals = market.Place(id, side, price, quantity, !isImmediate, totals);
        _live += market.Live.Count - before;
        return new Operation
        {
            Id = id,
            Quantity = quantity,
            Price = (ushort)price,
            Kind = isImmediate ? OperationKind.ImmediateOrCancel : OperationKind.Limit,
            Side = (byte)side,
            Book = (ushort)bookNumber,
        };
    }

    private Operation FarOrder(WorkloadMarket market, uint id)
    {
        var x = _random.Next();
        var side = (byte)(x & 1);
        var distance = 600 + (int)_random.Bounded(4_300);
        var price = (ushort)(side == 0 ? market.Mid - distance : market.Mid + distance);
        var quantity = 1 + (uint)(((x >> 32) * 100) >> 32);
        _live++;
        market.Book.Add(
            id,
            side,
            price,
            quantity,
            rests: true,
            (_, _, _, _, _) => throw new InvalidOperationException("nothing trades so far behind")
        );
        return new Operation
        {
            Id = id,
            Quantity = quantity,
            Price = price,
            Kind = OperationKind.Limit,
            Side = side,
        };
    }

    private sealed class WorkloadMarket
    {
        private readonly Dictionary<uint, int> _position = [];

        public NaiveBook Book { get; } = new();
        public List<uint> Live { get; } = [];
        public int Mid { get; set; } = 5000;
        public int Operations { get; set; }

        public TradeTotals Place(uint id, int side, int price, uint quantity, bool rests, TradeTotals totals)
        {
            var isResting = Book.Add(
                id,
                side,
                price,
                quantity,
                rests,
                (maker, taker, at, fill, makerIsFilled) =>
                {
                    totals = totals.With(maker, taker, at, fill);
                    if (makerIsFilled)
                        Forget(maker);
                }
            );

            if (isResting)
            {
                _position[id] = Live.Count;
                Live.Add(id);
            }

            return totals;
        }

        public void Forget(uint id)
        {
            if (!_position.Remove(id, out var position))
                return;
            var last = Live[^1];
            Live[position] = last;
            if (last != id)
                _position[last] = position;
            Live.RemoveAt(Live.Count - 1);
        }
    }
}

public sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        unchecked
        {
            var z = _state += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    public uint Bounded(uint below) => (uint)(((Next() >> 32) * below) >> 32);
}
