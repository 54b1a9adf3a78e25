namespace Foresight.Console.Accounts;

/// <summary>A <see cref="BalanceLine"/> as a line of a file, which has no members within members.</summary>
public sealed record BalanceFileRow(
    string Asset,
    string? Owned,
    string? HeldByOrders,
    string? HeldByTrades,
    string? Available,
    string? OnChain,
    string? Approved,
    decimal? Difference
)
{
    public static BalanceFileRow Of(BalanceLine line) =>
        new(
            line.Asset,
            line.Here?.Owned,
            line.Here?.HeldByOrders,
            line.Here?.HeldByTrades,
            line.Here?.Available,
            line.OnChain?.Balance,
            line.OnChain?.Spendable,
            line.Difference
        );
}
