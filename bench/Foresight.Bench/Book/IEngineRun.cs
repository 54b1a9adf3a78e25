namespace Foresight.Bench.Book;

/// <summary>One engine with fresh books, ready to run one stream once.</summary>
public interface IEngineRun
{
    /// <summary>Cancels that found no order.</summary>
    int Missed { get; }

    /// <summary>The timed loop: totals without the hash.</summary>
    TradeTotals Run();

    /// <summary>Operations from..to - 1 of the stream, after those before.</summary>
    void Run(int from, int to);

    /// <summary>The same with the hash, not timed.</summary>
    TradeTotals RunHashed();

    /// <summary>The same with a timestamp around each operation.</summary>
    void RunEach(long[] ticks);
}
