using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine.Books;

/// <summary>
/// The books of one shard: price-time queues, and nothing else. Everything lives in a few arrays of structs with 32-bit links, so nothing
/// is allocated per order and walks are cheap. Book <c>b</c> has the ladders <c>2b</c> (bids) and <c>2b + 1</c> (asks). Release builds do
/// not check indices; the invariants of the engine and the differential tests are the evidence that they are right.
/// </summary>
internal sealed partial class OrderBooks
{
    private const int FirstOrders = 1024;
    private const int FirstPages = 16;

    // Levels and orders share one array, levels below the origin and orders from it upwards, so that a queue's links need no tag.
    private Slab<Node> _nodes;

    private int _freeOrder;
    private int _nextOrder = 1;

    private Slab<ulong> _pageLevels;
    private int _pages;
    private int[] _freePages = [];
    private int _freePageCount;

    private Slab<Ladder> _ladders = new(8);
    private Slab<int> _pageTable = new(8 * Ladder.Pages);
    private int _ladderCount;

    public OrderBooks(int orders = FirstOrders, int pages = FirstPages)
    {
        pages = Math.Max(pages, 1);
        _nodes = new Slab<Node>(Math.Max(orders + 1, 2), below: pages * Ladder.PageLevels);
        _pageLevels = new Slab<ulong>(pages);
    }

    /// <summary>
    /// Walks all slots, for tests only: the engine keeps its own count, and a second one here would cost every order twice.
    /// </summary>
    public int CountOrders()
    {
        var count = 0;
        for (var slot = 1; slot < _nextOrder; slot++)
            count += NodeAt(slot).Level < 0 ? 1 : 0;
        return count;
    }

    /// <summary>The caller keeps it, because these books do not know which orders are firm.</summary>
    public FirmDepth Firm { get; } = new();

    public int LadderCount => _ladderCount;

    /// <summary>Callers size their own tables by it, because theirs are indexed by the same slots.</summary>
    public int OrderCapacity => _nodes.Length;

    public long Bytes => _nodes.Bytes + _ladders.Bytes + _pageTable.Bytes + _pageLevels.Bytes + (long)_freePages.Length * sizeof(int);

    public int AddBook(int market, int outcome)
    {
        var bids = _ladderCount;
        if (bids + 2 > _ladders.Length)
        {
            _ladders.Grow(_ladders.Length * 2);
            _pageTable.Grow(_ladders.Length * Ladder.Pages);
        }

        _ladderCount += 2;
        for (var ladder = bids; ladder < _ladderCount; ladder++)
            _ladders.At(ladder) = new Ladder
            {
                BestKey = Ladder.NoKey,
                Market = market,
                Outcome = outcome,
            };
        return bids;
    }

    /// <summary>A market that will not trade again would otherwise keep the pages of its empty ladders for ever.</summary>
    public void ReleasePages(int ladder)
    {
        Invariant.Require(LadderAt(ladder).BestLevel == 0, "only an empty ladder gives its pages back");
        foreach (ref var entry in _pageTable.Span.Slice(ladder * Ladder.Pages, Ladder.Pages))
        {
            if (entry == 0)
                continue;
            if (_freePageCount == _freePages.Length)
                Array.Resize(ref _freePages, Math.Max(16, _freePages.Length * 2));
            _freePages[_freePageCount++] = entry;
            entry = 0;
        }
    }

    public ref Ladder LadderAt(int ladder) => ref _ladders.At(ladder);

    public ref Node NodeAt(int index) => ref _nodes.At(index);

    public int LevelOf(int ladder, int key)
    {
        var page = PageOf(ladder, key);
        return page == 0 ? 0 : LevelIn(page, key);
    }

    public int LevelAfter(int ladder, int key)
    {
        var page = PageOf(ladder, key);
        if (page != 0)
        {
            // Two shifts, because C# takes a shift by 64 as a shift by 0.
            var rest = _pageLevels.At(page - 1) >> (key & 63) >> 1;
            if (rest != 0)
                return LevelIn(page, key + 1 + System.Numerics.BitOperations.TrailingZeroCount(rest));
        }

        var next = LadderAt(ladder).NextPage(key >> Ladder.PageShift);
        return next < 0 ? 0 : FirstLevelOf(ladder, next);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref Node At(ref Node origin, int index) => ref Unsafe.Add(ref origin, index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int PageOf(int ladder, int key) => _pageTable.At(unchecked(ladder * Ladder.Pages + (key >> Ladder.PageShift)));

    /// <summary>Pages are numbered from 1, so that 0 in the page table means that there is none.</summary>
    private static int LevelIn(int page, int key) => ~unchecked(((page - 1) << Ladder.PageShift) + (key & (Ladder.PageLevels - 1)));

    private int FirstLevelOf(int ladder, int pageOfKey)
    {
        var page = _pageTable.At(ladder * Ladder.Pages + pageOfKey);
        return LevelIn(page, System.Numerics.BitOperations.TrailingZeroCount(_pageLevels.At(page - 1)));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int AddPage(int ladder, int key)
    {
        int page;
        if (_freePageCount > 0)
        {
            page = _freePages[--_freePageCount];
        }
        else
        {
            if (_pages == _pageLevels.Length)
                GrowPages();
            page = ++_pages;
        }

        _pageLevels.At(page - 1) = 0;
        _pageTable.At(ladder * Ladder.Pages + (key >> Ladder.PageShift)) = page;
        var firstKey = key & ~(Ladder.PageLevels - 1);
        for (var offset = 0; offset < Ladder.PageLevels; offset++)
        {
            var level = LevelIn(page, offset);
            NodeAt(level) = new Node
            {
                Next = level,
                Previous = level,
                Level = ladder,
                Tag = firstKey + offset,
            };
        }

        return page;
    }

    private void GrowPages()
    {
        var pages = Growth.Next(_pages);
        _nodes.Grow(_nodes.Length, below: pages * Ladder.PageLevels);
        _pageLevels.Grow(pages);
    }

    [Conditional("DEBUG")]
    private void RequireOrder(int slot) =>
        Invariant.Require(slot > 0 && slot < _nextOrder && NodeAt(slot).Level < 0, "the slot holds a resting order");
}
