namespace Foresight.Matching.Engine;

/// <summary>
/// Room to reserve at creation. Tables grow on demand, but growth copies them: a node that knows its size avoids that, and a benchmark
/// must.
/// </summary>
/// <param name="Pages">Pages of 64 price levels; a thin market uses two to six.</param>
public readonly record struct ExchangeCapacity(int Orders = 1024, int Trades = 256, int Accounts = 64, int Holdings = 256, int Pages = 16)
{
    public ExchangeCapacity()
        : this(1024) { }
}
