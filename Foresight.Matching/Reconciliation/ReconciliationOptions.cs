using Foresight.Matching.Settlement;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Reconciliation;

/// <summary>How often and how far back the two sides are compared.</summary>
public sealed record ReconciliationOptions
{
    /// <summary><c>RECONCILIATION_INTERVAL_MS</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After a run that failed; never longer than the interval.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Blocks of one comparison, which is read and compared in memory as a whole. Blocks of ten trades have some 30 logs, and 250 such
    /// blocks an answer of 8 MB, which made the node's peak 340 MB; at 50 it is about 210 MB. <c>RECONCILIATION_BLOCK_RANGE</c>.
    /// </summary>
    public int BlockRange { get; init; } = 50;

    /// <summary>Blocks that a scheduled run compares again. <c>RECONCILIATION_LOOKBACK_BLOCKS</c>.</summary>
    public int ScheduledLookback { get; init; } = 1_000;

    /// <summary>
    /// Blocks that a requested run compares, at most; 0: everything since the deployment, however long that takes. Its memory is that of
    /// one comparison either way. <c>RECONCILIATION_MANUAL_BLOCKS</c>.
    /// </summary>
    public int ManualLookback { get; init; }

    /// <summary>
    /// Fills past the relayer that get a line of their own in one run: of orders that the journal knows, and
    /// of others. Both are more than anybody looks at singly; beyond them they share one (<see
    /// cref="RunFindings"/>), because whoever pays for gas makes as many as they like.
    /// </summary>
    public int DirectFillsOfKnownOrders { get; init; } = 10_000;

    /// <inheritdoc cref="DirectFillsOfKnownOrders"/>
    public int DirectFillsOfOthers { get; init; } = 500;

    /// <summary>Whether the ledger's balances are compared too. <c>RECONCILIATION_BALANCES</c>.</summary>
    public bool Balances { get; init; } = true;

    /// <summary>Whether runs repair what the chain's word decides: <see cref="RepairRules"/>. <c>RECONCILIATION_AUTO_FIX</c>.</summary>
    public bool AutoFix { get; init; }

    /// <summary>
    /// Micro-USDC; what is worth more waits for two people. <c>RECONCILIATION_FOUR_EYES_OVER_USDC</c>, in whole USDC; null: no such bound.
    /// </summary>
    public System.Numerics.BigInteger? FourEyesOver { get; init; }

    /// <summary>Blocks on top of what is compared; settlement's, because what is not final is not compared.</summary>
    public int Confirmations { get; init; } = 2;

    public static ReconciliationOptions From(IConfiguration configuration)
    {
        var defaults = new ReconciliationOptions();
        var interval = configuration.Milliseconds(
            "RECONCILIATION_INTERVAL_MS",
            defaults.Interval,
            TimeSpan.FromMilliseconds(500),
            TimeSpan.FromDays(1)
        );
        return defaults with
        {
            Interval = interval,
            RetryInterval = interval < defaults.RetryInterval ? interval : defaults.RetryInterval,
            BlockRange = configuration.Integer("RECONCILIATION_BLOCK_RANGE", defaults.BlockRange, 1, 100_000),
            ScheduledLookback = configuration.Integer("RECONCILIATION_LOOKBACK_BLOCKS", defaults.ScheduledLookback, 0, 1_000_000),
            ManualLookback = configuration.Integer("RECONCILIATION_MANUAL_BLOCKS", defaults.ManualLookback, 0, 100_000_000),
            Balances = configuration.Flag("RECONCILIATION_BALANCES", defaults.Balances),
            AutoFix = configuration.Flag("RECONCILIATION_AUTO_FIX", defaultValue: false),
            FourEyesOver = configuration.FourEyesOver(),
            Confirmations = SettlementOptions.From(configuration).Confirmations,
        };
    }
}
