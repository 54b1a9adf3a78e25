using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <summary>One term of reconciliation on one deployment.</summary>
/// <param name="Database">The term's own sessions, which end with the term.</param>
public sealed record ReconciliationContext(
    Term Term,
    NpgsqlDataSource Database,
    Deployment Deployment,
    EthereumClient Client,
    ReconciliationOptions Options,
    TimeProvider Clock
)
{
    public ReconciliationStore Store { get; } = new(Database);

    public ReconciliationJournal Journal { get; } = new(Database);
}
