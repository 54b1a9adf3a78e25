namespace Foresight.Bench.Book;

/// <summary>One engine with fresh books, ready to run one stream once.</summary>
public interface IEngineRun
{
    /// <summary>Cancels that found no order.</summary>
    int Missed { get; }

    /// <summary>The timed loop: totals without the hash.</summary>
    TradeTotals Run();

    /// <summary>The same with the hash, not timed.</summary>
    TradeTotals RunHashed();

    /// <summary>The same with a timestamp around each operation.</summary>
    void RunEach(long[] ticks);
}
