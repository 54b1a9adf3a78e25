namespace Foresight.AppHost;

/// <summary>Command line of the development chain, shared by the AppHost, containers, tests and benchmarks.</summary>
public static class ChainCommand
{
    /// <summary>
    /// anvil's state is kept for the last 64 blocks, in memory only. By default it keeps 500 copies of all of it there and thousands more
    /// in the user's home, where a chain that was killed leaves them behind. Of older blocks no balance is read: settlement and
    /// reconciliation read at a block a few confirmations deep, and the deepest reorganisation that is tried is 10 blocks. Blocks, receipts
    /// and logs are not touched by it.
    /// </summary>
    public static string[] Options { get; } = ["--quiet", "--prune-history", "64"];

    /// <summary>
    /// One block a second. Old transactions are dropped after 2,000 blocks; otherwise memory grows by about 100 KB with each settlement.
    /// </summary>
    public static string[] Development { get; } = [.. Options, "--block-time", "1", "--transaction-block-keeper", "2000"];
}
