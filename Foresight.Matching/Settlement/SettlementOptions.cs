using System.Numerics;
using Foresight.Cluster.Offenders;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Settlement;

/// <summary>How settlement works. The defaults suit a chain with blocks of 1 to 2 seconds.</summary>
public sealed record SettlementOptions
{
    /// <summary>Blocks on top of a block until what it holds is final. <c>SETTLEMENT_CONFIRMATIONS</c>.</summary>
    public int Confirmations { get; init; } = 2;

    /// <summary>
    /// Deepest reorganisation that is healed by itself; a deeper one halts settlement until a person looks. At least
    /// <see cref="Confirmations"/>. <c>SETTLEMENT_FINALITY_BLOCKS</c>.
    /// </summary>
    public int FinalityBlocks { get; init; } = 64;

    /// <summary>
    /// Five such batches of plain direct trades fit into a block of 30 million gas, 250 trades; of 100 only two, because a transaction goes
    /// into a block when what it asks for still fits, and it asks for half as much again as it uses (bench verb <c>settle</c>).
    /// </summary>
    public const int DefaultBatchTrades = 50;

    /// <summary><c>SETTLEMENT_BATCH_TRADES</c>.</summary>
    public int BatchTrades { get; init; } = DefaultBatchTrades;

    /// <summary>
    /// A leg takes 480 bytes, and nodes take no transaction above 128 KB: 200 legs are 96 KB. <c>SETTLEMENT_BATCH_LEGS</c>.
    /// </summary>
    public int BatchLegs { get; init; } = 200;

    /// <summary>Most gas of one batch; fewer trades go into it where they would not fit. <c>SETTLEMENT_BATCH_GAS</c>.</summary>
    public long BatchGas { get; init; } = GasRules.TransactionLimit;

    /// <summary>
    /// Gas quarantined for the leg of a plain account. One uses 49,000 to 71,000 (contracts/README.md), up to 90,000 where it touches what
    /// was never touched; a batch whose trial needs more gets more. <c>SETTLEMENT_LEG_GAS</c>.
    /// </summary>
    public long LegGas { get; init; } = 75_000;

    /// <summary>A batch that is not full waits this long. <c>SETTLEMENT_BATCH_AGE_MS</c>.</summary>
    public TimeSpan BatchAge { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// Transactions sent and not mined. Nodes keep 16 of one account in their pools without a gap. <c>SETTLEMENT_MAX_IN_FLIGHT</c>.
    /// </summary>
    public int MaxInFlight { get; init; } = 16;

    /// <summary>
    /// Blocks after which a transaction that is next and not mined is replaced with higher fees. <c>SETTLEMENT_STUCK_BLOCKS</c>.
    /// </summary>
    public int StuckAfterBlocks { get; init; } = 5;

    /// <summary>Most that a transaction offers per unit of gas. <c>SETTLEMENT_MAX_FEE_GWEI</c>.</summary>
    public BigInteger MaxFee { get; init; } = 500 * Gwei;

    /// <summary>Least tip. <c>SETTLEMENT_PRIORITY_FEE_GWEI</c>.</summary>
    public BigInteger PriorityFee { get; init; } = Gwei;

    /// <summary>
    /// Wei of the operator's account below which the status says so: time to send it more, before transactions are refused.
    /// <c>SETTLEMENT_LOW_BALANCE_MILLIETHER</c>.
    /// </summary>
    public BigInteger LowBalance { get; init; } = 100 * MilliEther;

    /// <summary>Pause between two looks at the chain and the journal. <c>SETTLEMENT_POLL_MS</c>.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Blocks of one read of logs. <c>SETTLEMENT_BLOCK_RANGE</c>.</summary>
    public int BlockRange { get; init; } = 1000;

    /// <summary>How long the leader may take to acknowledge what the chain said; beyond it the step is tried again.</summary>
    public TimeSpan DeliveryDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>As the Api has them: from when an account's orders are refused, and what rests of it is withdrawn.</summary>
    public OffenderOptions Offenders { get; init; } = new();

    public static BigInteger Gwei { get; } = 1_000_000_000;

    private static BigInteger MilliEther => 1_000_000 * Gwei;

    public BatchLimits Limits => new(BatchTrades, BatchLegs, BatchAge);

    public static SettlementOptions From(IConfiguration configuration)
    {
        var defaults = new SettlementOptions();
        var options = defaults with
        {
            Confirmations = configuration.Integer("SETTLEMENT_CONFIRMATIONS", defaults.Confirmations, 0, 1000),
            FinalityBlocks = configuration.Integer("SETTLEMENT_FINALITY_BLOCKS", defaults.FinalityBlocks, 0, 100_000),
            BatchTrades = configuration.Integer("SETTLEMENT_BATCH_TRADES", defaults.BatchTrades, 1, 500),
            BatchLegs = configuration.Integer("SETTLEMENT_BATCH_LEGS", defaults.BatchLegs, 8, 240),
            // A match of eight contract wallets takes 7.6 million.
            BatchGas = configuration.Long("SETTLEMENT_BATCH_GAS", defaults.BatchGas, 9_000_000, 1_000_000_000),
            LegGas = configuration.Long("SETTLEMENT_LEG_GAS", defaults.LegGas, 20_000, 450_000),
            BatchAge = configuration.Milliseconds("SETTLEMENT_BATCH_AGE_MS", defaults.BatchAge, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            MaxInFlight = configuration.Integer("SETTLEMENT_MAX_IN_FLIGHT", defaults.MaxInFlight, 1, 64),
            StuckAfterBlocks = configuration.Integer("SETTLEMENT_STUCK_BLOCKS", defaults.StuckAfterBlocks, 1, 10_000),
            MaxFee = Gwei * configuration.Integer("SETTLEMENT_MAX_FEE_GWEI", 500, 1, 1_000_000),
            PriorityFee = Gwei * configuration.Integer("SETTLEMENT_PRIORITY_FEE_GWEI", 1, 0, 1_000_000),
            LowBalance = MilliEther * configuration.Integer("SETTLEMENT_LOW_BALANCE_MILLIETHER", 100, 0, 1_000_000_000),
            PollInterval = configuration.Milliseconds(
                "SETTLEMENT_POLL_MS",
                defaults.PollInterval,
                TimeSpan.FromMilliseconds(20),
                TimeSpan.FromMinutes(1)
            ),
            BlockRange = configuration.Integer("SETTLEMENT_BLOCK_RANGE", defaults.BlockRange, 1, 100_000),
            Offenders = OffenderOptions.From(configuration),
        };
        if (options.FinalityBlocks < options.Confirmations)
            throw new SettingException(
                "SETTLEMENT_FINALITY_BLOCKS must not be below SETTLEMENT_CONFIRMATIONS: what is confirmed could then not be healed at all."
            );
        return options;
    }
}
