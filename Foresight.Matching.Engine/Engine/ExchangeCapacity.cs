namespace Foresight.Matching.Engine;

/// <summary>
/// What to make room for at once. Tables grow by themselves; growing copies them, which a node that knows its size can save, and a
/// measurement must.
/// </summary>
/// <param name="Orders">Open orders.</param>
/// <param name="Trades">Trades matched and not settled.</param>
/// <param name="Accounts">Accounts.</param>
/// <param name="Holdings">Pairs of account and asset.</param>
/// <param name="Pages">Pages of 64 price levels; a thin market uses two to six.</param>
public readonly record struct ExchangeCapacity(int Orders = 1024, int Trades = 256, int Accounts = 64, int Holdings = 256, int Pages = 16)
{
    public ExchangeCapacity()
        : this(1024) { }
}
