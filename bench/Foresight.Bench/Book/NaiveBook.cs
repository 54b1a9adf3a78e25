namespace Foresight.Bench.Book;

/// <summary>Defines the expected results, so it is as simple as a book can be, and shares no code with the product's.</summary>
public sealed class NaiveBook
{
    private readonly SortedDictionary<int, LinkedList<Resting>>[] _sides =
    [
        new(Comparer<int>.Create((one, other) => other.CompareTo(one))),
        new(),
    ];

    private readonly Dictionary<uint, (int Side, int Price, LinkedListNode<Resting> Node)> _orders = [];

    public delegate void TradeHandler(uint maker, uint taker, int price, uint quantity, bool makerIsFilled);

    public int Count => _orders.Count;

    public bool Cancel(uint id)
    {
        if (!_orders.Remove(id, out var order))
            return false;
        var level = _sides[order.Side][order.Price];
        level.Remove(order.Node);
        if (level.Count == 0)
            _sides[order.Side].Remove(order.Price);
        return true;
    }

    public bool Add(uint id, int side, int price, uint quantity, bool rests, TradeHandler onTrade)
    {
        var against = _sides[side ^ 1];
        while (quantity > 0 && against.Count > 0)
        {
            var (best, level) = First(against);
            if (side == 0 ? best > price : best < price)
                break;
            var maker = level.First!;
            var fill = Math.Min(quantity, maker.Value.Quantity);
            var left = maker.Value.Quantity - fill;
            maker.ValueRef.Quantity = left;
            quantity -= fill;
            if (left == 0)
                Cancel(maker.Value.Id);
            onTrade(maker.Value.Id, id, best, fill, left == 0);
        }

        if (quantity == 0 || !rests)
            return false;
        if (!_sides[side].TryGetValue(price, out var own))
            _sides[side][price] = own = new LinkedList<Resting>();
        _orders[id] = (side, price, own.AddLast(new Resting(id, quantity)));
        return true;
    }

    private static (int Price, LinkedList<Resting> Level) First(SortedDictionary<int, LinkedList<Resting>> levels)
    {
        foreach (var (price, level) in levels)
            return (price, level);
        throw new InvalidOperationException("the side is empty");
    }

    private record struct Resting(uint Id, uint Quantity);
}
