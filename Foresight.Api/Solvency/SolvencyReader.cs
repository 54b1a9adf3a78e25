using System.Text.Json;
using Dapper;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Solvency;

public sealed class SolvencyReader(Database database)
{
    /// <returns>Null if no run has read the vault of this deployment.</returns>
    public async Task<VaultTotalsView?> FindAsync(CancellationToken cancellationToken)
    {
        var totals = await database.ReadAsync(
            "solvency",
            after: null,
            (connection, cancellationToken) =>
                connection.QuerySingleOrDefaultAsync<string>(
                    new CommandDefinition(
                        "SELECT totals::text FROM vault_totals WHERE generation = (SELECT max(generation) FROM deployments)",
                        cancellationToken: cancellationToken
                    )
                ),
            cancellationToken
        );
        return totals is null ? null : JsonSerializer.Deserialize<VaultTotalsView>(totals, JsonSerializerOptions.Web);
    }
}
