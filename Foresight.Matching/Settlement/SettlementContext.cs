using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Npgsql;

namespace Foresight.Matching.Settlement;

public sealed record SettlementServices(
    OperatorKey Key,
    SettlementOptions Options,
    TradeStatePublisher Publisher,
    WithdrawalPublisher Withdrawals,
    SettlementMetrics Metrics,
    TimeProvider Clock
);

/// <param name="Database">
/// The term's own sessions, which the next holder terminates before its own term begins: a holder that was replaced cannot write.
/// </param>
public sealed record SettlementContext(
    Term Term,
    NpgsqlDataSource Database,
    Deployment Deployment,
    EthereumClient Client,
    SettlementServices Services,
    ILogger Logger
)
{
    public SettlementStore Store { get; } = new(Database);

    public SettlementJournal Journal { get; } = new(Database);

    public OperatorKey Key => Services.Key;

    public SettlementOptions Options => Services.Options;

    public TradeStatePublisher Publisher => Services.Publisher;

    public SettlementMetrics Metrics => Services.Metrics;

    public TimeProvider Clock => Services.Clock;
}
