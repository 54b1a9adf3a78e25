using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Npgsql;

namespace Foresight.Matching.Settlement;

/// <summary>The services that all settlement terms of the process share.</summary>
public sealed record SettlementServices(
    OperatorKey Key,
    SettlementOptions Options,
    TradeStatePublisher Publisher,
    SettlementMetrics Metrics,
    TimeProvider Clock
);

/// <summary>One settlement term on one deployment, shared by the loops that run in it.</summary>
/// <param name="Database">The term's own sessions, which end with the term.</param>
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
