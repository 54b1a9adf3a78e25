namespace Foresight.Bench.Book;

public interface IEngineRun
{
    int Batch { get; }

    int Missed { get; }

    string? FirstRefusal { get; }

    TradeTotals Totals { get; }

    /// <summary>
    /// Converts the next operations into the engine's form. Not timed, because a node decodes commands before it matches them.
    /// </summary>
    void Prepare(int from, int to);

    void Run(int from, int to);

    TradeTotals RunHashed();
}
