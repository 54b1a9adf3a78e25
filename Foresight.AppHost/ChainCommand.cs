namespace Foresight.AppHost;

/// <summary>One definition, so that the AppHost, containers, tests and benchmarks run the same chain.</summary>
public static class ChainCommand
{
    /// <summary>
    /// anvil keeps the state of the last 64 blocks, in memory only. By default it keeps 500 full copies there and thousands more in the
    /// user's home, where a killed chain leaves them behind. 64 suffice: settlement and reconciliation read balances a few confirmations
    /// deep, and the deepest reorganisation that is tried is 10 blocks. Blocks, receipts and logs are not affected.
    /// </summary>
    public static string[] Options { get; } = ["--quiet", "--prune-history", "64"];

    /// <summary>
    /// Without a bound on old transactions memory grows by about 100 KB with each settlement; they are dropped after 2,000 blocks, of which
    /// there is one a second.
    /// </summary>
    public static string[] Development { get; } = [.. Options, "--block-time", "1", "--transaction-block-keeper", "2000"];
}
