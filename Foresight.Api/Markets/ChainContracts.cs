using Dapper;
using Foresight.Chain;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Markets;

/// <param name="Factory">The only spender that traders approve.</param>
/// <param name="LatestExpiry">Unix seconds, as a replica has it: never later than what the leader accepts.</param>
public sealed record ContractAddresses(
    Address Factory,
    Address Usdc,
    Address OutcomeToken,
    long? LongestOrderLifeSeconds,
    long? LatestExpiry
);

public sealed class ChainContracts(Database database, long chainId, int confirmations)
{
    public long ChainId => chainId;

    public int Confirmations => confirmations;

    public async Task<ContractAddresses?> FindAsync(CancellationToken cancellationToken)
    {
        var command = new CommandDefinition(
            """
            SELECT d.factory, d.usdc, d.outcome_token, l.life_seconds, l.signed_at + l.life_seconds
            FROM deployments d, order_life l WHERE d.chain_id = @chainId
            """,
            new { chainId },
            cancellationToken: cancellationToken
        );
        var row = await database.ReadAsync(
            "chain",
            after: null,
            (connection, _) =>
                connection.QuerySingleOrDefaultAsync<(byte[] Factory, byte[] Usdc, byte[] Token, long? Life, long? Latest)?>(command),
            cancellationToken
        );
        return row is { } found ? new(new(found.Factory), new(found.Usdc), new(found.Token), found.Life, found.Latest) : null;
    }
}
