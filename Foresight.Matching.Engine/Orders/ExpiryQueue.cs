using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Orders;

/// <summary>
/// A binary heap that knows each order's position, so that a cancel is logarithmic, and a command costs one comparison while nothing is
/// due. Ties are ordered by order number, so that the order of expiries is the same on every machine.
/// </summary>
internal sealed class ExpiryQueue(OrderTable orders)
{
    /// <summary>Later expiries (after the year 2106) are never reached, so they are not queued.</summary>
    public const long LastSecond = uint.MaxValue - 1;

    private Entry[] _heap = new Entry[64];

    // Positions in the heap by slot. Separate from the order records, because most orders do not expire.
    private int[] _positions = [];

    public int Count { get; private set; }

    /// <summary>
    /// The next order has expired once the clock has passed this; <see cref="long.MaxValue"/> if none expires, so that an empty
    /// queue needs no test.
    /// </summary>
    public long NextMicros { get; private set; } = long.MaxValue;

    public int NextSlot => _heap[1].Slot;

    public long Bytes => (long)_heap.Length * Unsafe.SizeOf<Entry>() + (long)_positions.Length * sizeof(int);

    public long SecondOf(int slot) => orders.At(slot).Expires ? _heap[_positions[slot]].Second : 0;

    /// <summary>
    /// An order may trade up to the beginning of its second and not a microsecond later, because the contract compares whole seconds
    /// (docs/decisions/0102). 0: never past.
    /// </summary>
    public static bool IsPast(long second, long clockMicros) =>
        second != 0 && second <= LastSecond && (second < 0 || clockMicros > MicrosOf(second));

    public void Add(int slot, long second)
    {
        if (second is <= 0 or > LastSecond)
            return;
        if (Count + 1 == _heap.Length)
            Array.Resize(ref _heap, Books.Growth.Next(_heap.Length));
        if (slot >= _positions.Length)
            Array.Resize(ref _positions, Math.Max(orders.Capacity, slot + 1));
        orders.At(slot).SetExpires(true);
        Up(++Count, new Entry((uint)second, slot));
        NextMicros = MicrosOf(_heap[1].Second);
    }

    public void Remove(int slot)
    {
        ref var order = ref orders.At(slot);
        if (!order.Expires)
            return;
        order.SetExpires(false);
        var position = _positions[slot];
        var moved = _heap[Count--];
        if (position <= Count)
        {
            if (position > 1 && Before(moved, _heap[position >> 1]))
                Up(position, moved);
            else
                Down(position, moved);
        }

        NextMicros = Count == 0 ? long.MaxValue : MicrosOf(_heap[1].Second);
    }

    private void Up(int position, Entry entry)
    {
        for (; position > 1 && Before(entry, _heap[position >> 1]); position >>= 1)
            Put(position, _heap[position >> 1]);
        Put(position, entry);
    }

    private void Down(int position, Entry entry)
    {
        while (true)
        {
            var child = position << 1;
            if (child > Count)
                break;
            if (child < Count && Before(_heap[child + 1], _heap[child]))
                child++;
            if (!Before(_heap[child], entry))
                break;
            Put(position, _heap[child]);
            position = child;
        }

        Put(position, entry);
    }

    private void Put(int position, Entry entry)
    {
        _heap[position] = entry;
        _positions[entry.Slot] = position;
    }

    private bool Before(Entry one, Entry other) =>
        one.Second != other.Second ? one.Second < other.Second : orders.At(one.Slot).Number < orders.At(other.Slot).Number;

    private static long MicrosOf(long second) => second * 1_000_000;

    private readonly record struct Entry(uint Second, int Slot);
}
