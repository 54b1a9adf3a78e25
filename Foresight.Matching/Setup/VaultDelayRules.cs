using Foresight.Chain.Contracts;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Setup;

/// <summary>
/// A withdrawal that is requested in the first block after a reorganisation's ancestor is as old as that is deep when it is seen. What was
/// matched before must settle in the rest of the delay (docs/firm-money.md).
/// </summary>
/// <param name="FinalityBlocks"><c>SETTLEMENT_FINALITY_BLOCKS</c>.</param>
/// <param name="Confirmations"><c>SETTLEMENT_CONFIRMATIONS</c>.</param>
public sealed record VaultDelayRules(int FinalityBlocks, int Confirmations, bool IsDevelopment)
{
    /// <summary>
    /// Half of it is for settlement: room for a few replacements of a stuck transaction, each of which waits for a minute on a slow chain.
    /// </summary>
    public const int LeastSeconds = 600;

    /// <summary>
    /// Of the delay a half is settlement's, and a quarter is how old the facts of the chain may be: a quarter is left for the deepest
    /// reorganisation. On a development chain, where only tests undo blocks, it may take the quarter of the facts as well.
    /// </summary>
    public long LeastBlocks => (IsDevelopment ? 2L : 4L) * (FinalityBlocks + Confirmations) + 1;

    /// <exception cref="SettingException">The delay is too short for firm money.</exception>
    public WithdrawalDelay Require(WithdrawalDelay delay)
    {
        if (delay.Blocks < LeastBlocks)
            throw new SettingException(
                $"The vault's delay is {delay.Blocks} blocks, and with SETTLEMENT_FINALITY_BLOCKS {FinalityBlocks} and "
                    + $"SETTLEMENT_CONFIRMATIONS {Confirmations} firm money needs at least {LeastBlocks}: {HowToMend}"
            );
        if (!IsDevelopment && delay.Seconds < LeastSeconds)
            throw new SettingException(
                $"The vault's delay is {delay.Seconds} seconds, and firm money needs at least {LeastSeconds}: "
                    + "use a factory whose vault has a longer delay, or set FIRM_MONEY=false."
            );
        return delay;
    }

    private string HowToMend =>
        IsDevelopment
            ? "raise VAULT_DELAY_BLOCKS (of a chain that is deployed to anew), lower SETTLEMENT_FINALITY_BLOCKS, or set FIRM_MONEY=false."
            : "use a factory whose vault has a longer delay, lower SETTLEMENT_FINALITY_BLOCKS if the chain allows it, "
                + "or set FIRM_MONEY=false.";
}
