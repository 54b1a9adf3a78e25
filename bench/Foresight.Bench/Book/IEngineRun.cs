namespace Foresight.Bench.Book;

/// <summary>An engine with empty books that runs a stream once, batch by batch.</summary>
public interface IEngineRun
{
    int Batch { get; }

    /// <summary>Refused operations, and cancels that found no order.</summary>
    int Missed { get; }

    /// <summary>Reason of the first refusal; null without one.</summary>
    string? FirstRefusal { get; }

    /// <summary>Trades so far, without the hash.</summary>
    TradeTotals Totals { get; }

    /// <summary>Converts the next operations into the engine's form. Not timed.</summary>
    void Prepare(int from, int to);

    /// <summary>Applies the prepared operations from..to - 1. Timed.</summary>
    void Run(int from, int to);

    /// <summary>Runs the whole stream with the trade hash. Not timed.</summary>
    TradeTotals RunHashed();
}
