namespace Foresight.Matching.Engine;

/// <summary>Those of <see cref="ExchangeLimits"/>, except in tests, which must reach them.</summary>
internal readonly record struct ExchangeBounds()
{
    public int OpenOrdersPerAccount { get; init; } = ExchangeLimits.OpenOrdersPerAccount;
    public int OpenOrdersPerMarket { get; init; } = ExchangeLimits.OpenOrdersPerMarket;
    public int UnsettledTrades { get; init; } = ExchangeLimits.UnsettledTrades;
    public int Holdings { get; init; } = ExchangeLimits.Holdings;
    public int Ladders { get; init; } = ExchangeLimits.Ladders;
    public int Withdrawals { get; init; } = ExchangeLimits.Withdrawals;
    public int WithdrawalsOfAccount { get; init; } = ExchangeLimits.WithdrawalsOfAccount;
}
