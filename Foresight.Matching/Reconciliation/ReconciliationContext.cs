using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <param name="Database">
/// The term's own sessions, which the next holder terminates before its own term begins: a holder that was replaced cannot write.
/// </param>
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
