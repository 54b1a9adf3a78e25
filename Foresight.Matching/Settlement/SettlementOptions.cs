using System.Numerics;
using Foresight.Cluster.Offenders;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Settlement;

/// <summary>The defaults suit a chain with a block time of 1 to 2 seconds.</summary>
public sealed record SettlementOptions
{
    /// <summary>
    /// <c>SETTLEMENT_CONFIRMATIONS</c>. The engine receives a settlement only when so many blocks are on top of it, because a
    /// reorganisation undoes deeper blocks more rarely.
    /// </summary>
    public int Confirmations { get; init; } = Settings.DefaultConfirmations;

    /// <summary>The follower keeps so many block hashes, and finds the last common block among them.</summary>
    public const int MaximumFinalityBlocks = 10_000;

    /// <summary>
    /// <c>SETTLEMENT_FINALITY_BLOCKS</c>, at least <see cref="Confirmations"/>. A deeper reorganisation is not repaired automatically but
    /// halts settlement until an operator has investigated.
    /// </summary>
    public int FinalityBlocks { get; init; } = 64;

    /// <summary>Of the development chain, whose blocks only tests undo.</summary>
    public const int DevelopmentFinalityBlocks = 12;

    /// <summary>
    /// Five batches of 50 plain direct trades fit into a block of 30 million gas, 250 trades; of 100 trades only two batches, because a
    /// block includes a transaction only if its gas limit fits, and the limit is half as much again as the gas used (bench verb
    /// <c>settle</c>).
    /// </summary>
    public const int DefaultBatchTrades = 50;

    public int BatchTrades { get; init; } = DefaultBatchTrades;

    /// <summary>
    /// <c>SETTLEMENT_BATCH_LEGS</c>. A leg of a plain account takes 480 bytes, so 200 legs are 96 kB (<see cref="BatchBytes"/>).
    /// </summary>
    public int BatchLegs { get; init; } = 200;

    /// <summary>Nodes refuse a longer transaction, for ever (geth's txMaxSize: "oversized data").</summary>
    public const int MaxBatchBytes = 128 * 1024;

    /// <summary>One match of eight orders with the longest signatures has 37 kB, and must fit.</summary>
    public const int MinBatchBytes = 40_000;

    /// <summary>
    /// <c>SETTLEMENT_BATCH_BYTES</c>, of the signed transaction. Legs do not bound it, because the signature of a contract wallet has up to
    /// 4,096 bytes. A twelfth below <see cref="MaxBatchBytes"/>, for nodes that count the envelope of the network too.
    /// </summary>
    public int BatchBytes { get; init; } = 120_000;

    /// <summary><c>SETTLEMENT_BATCH_GAS</c>. The default is the most that a chain with EIP-7825 accepts.</summary>
    public long BatchGas { get; init; } = GasRules.TransactionLimit;

    /// <summary>
    /// <c>SETTLEMENT_LEG_GAS</c>, for the leg of a plain account. Such a leg uses 49,000 to 71,000 (contracts/README.md), up to 90,000 if
    /// it writes storage slots for the first time; a batch whose simulation needs more gets more.
    /// </summary>
    public long LegGas { get; init; } = 75_000;

    /// <summary>
    /// <c>SETTLEMENT_BATCH_AGE_MS</c>. A batch that is not full waits this long at most, so that a quiet market settles too.
    /// </summary>
    public TimeSpan BatchAge { get; init; } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// <c>SETTLEMENT_MAX_IN_FLIGHT</c>, of transactions sent and not mined. Nodes guarantee 16 pending ones per account (geth's
    /// txpool.accountslots).
    /// </summary>
    public int MaxInFlight { get; init; } = 16;

    /// <summary>
    /// <c>SETTLEMENT_STUCK_BLOCKS</c>. After so many blocks the next transaction in line, which holds up all others, is replaced with
    /// higher fees.
    /// </summary>
    public int StuckAfterBlocks { get; init; } = 5;

    /// <summary>
    /// <c>SETTLEMENT_MAX_FEE_GWEI</c>. A stuck transaction that has reached it is not replaced, so settlement waits for the market or for
    /// an operator (<see cref="FeeRules.Bump"/>).
    /// </summary>
    public BigInteger MaxFee { get; init; } = 500 * Gwei;

    /// <summary>
    /// <c>SETTLEMENT_FIRM_MAX_FEE_GWEI</c>, at least <see cref="MaxFee"/>. The cap while a firm trade has waited for a quarter of the
    /// vault's delay: what such a trade promises costs more than gas does.
    /// </summary>
    public BigInteger FirmMaxFee { get; init; } = 2_500 * Gwei;

    public BigInteger PriorityFee { get; init; } = Gwei;

    /// <summary>
    /// <c>SETTLEMENT_LOW_BALANCE_MILLIETHER</c>, here in wei. Below it the status warns: early enough to fund the operator's account before
    /// nodes reject transactions.
    /// </summary>
    public BigInteger LowBalance { get; init; } = 100 * MilliEther;

    public TimeSpan PollInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary><c>SETTLEMENT_BLOCK_RANGE</c>. Nodes reject queries of logs whose answer is too large.</summary>
    public int BlockRange { get; init; } = 1000;

    /// <summary>A leader that does not acknowledge for longer does not hold the step up: it is retried.</summary>
    public TimeSpan DeliveryDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The thresholds must be those of the Api: from these on an account's orders are refused, and its resting ones withdrawn.
    /// </summary>
    public OffenderOptions Offenders { get; init; } = new();

    public static BigInteger Gwei { get; } = 1_000_000_000;

    private static BigInteger MilliEther => 1_000_000 * Gwei;

    public BatchLimits Limits => new(BatchTrades, BatchLegs, BatchAge);

    public static SettlementOptions From(IConfiguration configuration)
    {
        var defaults = new SettlementOptions();
        var finality = configuration.ChainId() == Settings.DevelopmentChainId ? DevelopmentFinalityBlocks : defaults.FinalityBlocks;
        var options = defaults with
        {
            Confirmations = configuration.Confirmations(),
            FinalityBlocks = configuration.Integer("SETTLEMENT_FINALITY_BLOCKS", finality, 0, MaximumFinalityBlocks),
            BatchTrades = configuration.Integer("SETTLEMENT_BATCH_TRADES", defaults.BatchTrades, 1, 500),
            BatchLegs = configuration.Integer("SETTLEMENT_BATCH_LEGS", defaults.BatchLegs, 8, 240),
            BatchBytes = configuration.Integer("SETTLEMENT_BATCH_BYTES", defaults.BatchBytes, MinBatchBytes, MaxBatchBytes),
            // The least that any match can need: one of eight contract wallets uses 7.6 million.
            BatchGas = configuration.Long("SETTLEMENT_BATCH_GAS", defaults.BatchGas, 9_000_000, 1_000_000_000),
            LegGas = configuration.Long("SETTLEMENT_LEG_GAS", defaults.LegGas, 20_000, 450_000),
            BatchAge = configuration.Milliseconds("SETTLEMENT_BATCH_AGE_MS", defaults.BatchAge, TimeSpan.Zero, TimeSpan.FromMinutes(10)),
            MaxInFlight = configuration.Integer("SETTLEMENT_MAX_IN_FLIGHT", defaults.MaxInFlight, 1, 64),
            StuckAfterBlocks = configuration.Integer("SETTLEMENT_STUCK_BLOCKS", defaults.StuckAfterBlocks, 1, 10_000),
            MaxFee = Gwei * configuration.Integer("SETTLEMENT_MAX_FEE_GWEI", 500, 1, 1_000_000),
            FirmMaxFee = Gwei * configuration.Integer("SETTLEMENT_FIRM_MAX_FEE_GWEI", 2_500, 1, 1_000_000),
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
                "SETTLEMENT_FINALITY_BLOCKS must be at least SETTLEMENT_CONFIRMATIONS, or no confirmed block could ever be repaired."
            );
        if (options.FirmMaxFee < options.MaxFee)
            throw new SettingException(
                "SETTLEMENT_FIRM_MAX_FEE_GWEI must be at least SETTLEMENT_MAX_FEE_GWEI: "
                    + "a firm trade that has waited may cost more, not less."
            );
        return options;
    }
}
