namespace Foresight.Exchange.Markets;

/// <summary>The markets by number.</summary>
internal sealed class MarketTable
{
    private MarketRow[] _rows = new MarketRow[16];

    /// <summary>Markets are 1..End - 1; some may not be listed.</summary>
    public int End => _rows.Length;

    public long Bytes => (long)_rows.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<MarketRow>();

    public bool Has(int market) => At(market).Outcomes != 0;

    /// <summary>The row of a market; one that is not listed has no outcomes. Row 0 is never listed.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    public ref MarketRow At(int market) => ref _rows[unchecked((uint)market) < (uint)_rows.Length ? market : 0];

    public ref MarketRow Add(int market)
    {
        if (market >= _rows.Length)
            Array.Resize(ref _rows, Math.Max(market + 1, Books.Growth.Next(_rows.Length)));
        return ref _rows[market];
    }
}
