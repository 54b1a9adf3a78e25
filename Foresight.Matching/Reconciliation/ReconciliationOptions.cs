using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Reconciliation;

public sealed record ReconciliationOptions
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(5);

    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// <c>RECONCILIATION_BLOCK_RANGE</c>. A comparison is read and held in memory at once. With ten trades a block has about 30 logs, and
    /// 250 such blocks are an answer of 8 MB, with which the node's memory peaked at 340 MB; at 50 it peaks at about 210 MB.
    /// </summary>
    public int BlockRange { get; init; } = 50;

    /// <summary>
    /// <c>RECONCILIATION_LOOKBACK_BLOCKS</c>. A scheduled run compares these blocks again, to detect damage to recent rows.
    /// </summary>
    public int ScheduledLookback { get; init; } = 1_000;

    /// <summary>
    /// <c>RECONCILIATION_MANUAL_BLOCKS</c>. 0: a run on request compares everything since the deployment, however long that takes; memory
    /// is that of one comparison either way.
    /// </summary>
    public int ManualLookback { get; init; }

    /// <summary>
    /// Anyone who pays for gas can make any number of direct fills, and no operator examines that many one by one. Beyond these limits of
    /// one run, for orders that the journal knows and for others, they share findings (<see cref="RunFindings"/>).
    /// </summary>
    public int DirectFillsOfKnownOrders { get; init; } = 10_000;

    public int DirectFillsOfOthers { get; init; } = 500;

    public bool Balances { get; init; } = true;

    public bool AutoFix { get; init; }

    /// <summary>
    /// <c>RECONCILIATION_FOUR_EYES_OVER_USDC</c>, here in micro-USDC. Above it two operators must decide, so nothing is repaired
    /// automatically. Null: no such limit.
    /// </summary>
    public System.Numerics.BigInteger? FourEyesOver { get; init; }

    /// <summary>The value of settlement, because only final blocks are compared.</summary>
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
