using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Reconciliation;

public sealed record ReconciliationOptions
{
    /// <summary>Interval of scheduled runs. <c>RECONCILIATION_INTERVAL_MS</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Delay after a failed run; never longer than the interval.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Blocks of one comparison, which is read and compared in memory as a whole. With ten trades a block has about 30 logs, and 250 such
    /// blocks are an answer of 8 MB, with which the node's memory peaked at 340 MB; at 50 it peaks at about 210 MB.
    /// <c>RECONCILIATION_BLOCK_RANGE</c>.
    /// </summary>
    public int BlockRange { get; init; } = 50;

    /// <summary>
    /// Blocks that a scheduled run compares again, to detect damage to recent rows. <c>RECONCILIATION_LOOKBACK_BLOCKS</c>.
    /// </summary>
    public int ScheduledLookback { get; init; } = 1_000;

    /// <summary>
    /// Most blocks of a run on request; 0: all since the deployment, however long that takes. Memory is that of one comparison either way.
    /// <c>RECONCILIATION_MANUAL_BLOCKS</c>.
    /// </summary>
    public int ManualLookback { get; init; }

    /// <summary>
    /// Most direct fills per run with a finding of their own, for orders that the journal knows and for others. Anyone who pays for gas can
    /// make any number of them, and no operator examines that many one by one; beyond it they share findings (<see cref="RunFindings"/>).
    /// </summary>
    public int DirectFillsOfKnownOrders { get; init; } = 10_000;

    public int DirectFillsOfOthers { get; init; } = 500;

    public bool Balances { get; init; } = true;

    /// <summary>Enables automatic repairs: see <see cref="RepairRules"/>. <c>RECONCILIATION_AUTO_FIX</c>.</summary>
    public bool AutoFix { get; init; }

    /// <summary>
    /// Amount in micro-USDC above which two operators must decide. <c>RECONCILIATION_FOUR_EYES_OVER_USDC</c>, in whole USDC; null: no such
    /// limit.
    /// </summary>
    public System.Numerics.BigInteger? FourEyesOver { get; init; }

    /// <summary>Blocks on top of those that are compared. The value of settlement, because only final blocks are compared.</summary>
    public int Confirmations { get; init; } = Settings.DefaultConfirmations;

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
            Confirmations = configuration.Confirmations(),
        };
    }
}
