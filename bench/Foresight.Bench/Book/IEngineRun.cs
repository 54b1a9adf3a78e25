namespace Foresight.Bench.Book;

/// <summary>One engine with fresh books, ready to run one stream once, batch by batch from its beginning.</summary>
public interface IEngineRun
{
    /// <summary>Operations to a batch.</summary>
    int Batch { get; }

    /// <summary>Operations that were refused, and cancels that found no order.</summary>
    int Missed { get; }

    /// <summary>Why the first of them was; null when there was none.</summary>
    string? FirstRefusal { get; }

    /// <summary>What was traded so far, without the hash.</summary>
    TradeTotals Totals { get; }

    /// <summary>Brings the next operations into the form that the engine takes. Not timed.</summary>
    void Prepare(int from, int to);

    /// <summary>Applies operations from..to - 1, which were prepared. This is what is timed.</summary>
    void Run(int from, int to);

    /// <summary>The whole stream with the trade hash. Not timed.</summary>
    TradeTotals RunHashed();
}
