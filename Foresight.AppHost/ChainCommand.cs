namespace Foresight.AppHost;

/// <summary>How a development chain is started, here, in tests and in benchmarks.</summary>
public static class ChainCommand
{
    /// <summary>
    /// anvil's state is kept for the last 64 blocks, in memory only. By default it keeps 500 copies of all of it there and thousands more in
    /// the user's home, where a chain that was killed leaves them behind. Of older blocks nobody asks a balance: settlement and
    /// reconciliation read at a block a few confirmations deep, and the deepest reorganisation that is tried is 10 blocks. Blocks,
    /// receipts and logs are not touched by it.
    /// </summary>
    public const string Anvil = "exec anvil --host ${HOST:-0.0.0.0} --port ${PORT:-8545} --quiet --prune-history 64";
}
