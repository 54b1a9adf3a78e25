namespace Foresight.Matching.Engine.Markets;

internal sealed class MarketTable
{
    private Slab<MarketRow> _rows = new(16);

    public int End => _rows.Length;

    public long Bytes => _rows.Bytes;

    public bool Has(int market) => At(market).Outcomes != 0;

    /// <summary>Any id is allowed: an unknown one gets row 0, which has no outcomes, like a market that is not listed.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    public ref MarketRow At(int market) => ref _rows.At(unchecked((uint)market < (uint)_rows.Length) ? market : 0);

    /// <summary>Spares the bounds test of <see cref="At"/>; the caller must know that the market is listed.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    public ref MarketRow Listed(int market) => ref _rows.At(market);

    public ref MarketRow Add(int market)
    {
        if (market >= _rows.Length)
            _rows.Grow(Math.Max(market + 1, Books.Growth.Next(_rows.Length)));
        return ref _rows.At(market);
    }
}
