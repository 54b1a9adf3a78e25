using Dapper;
using Foresight.Chain;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Markets;

/// <param name="Factory">The only spender that traders approve.</param>
public sealed record ContractAddresses(Address Factory, Address Usdc, Address OutcomeToken);

/// <param name="confirmations">Blocks on top of a trade's block until the trade is final.</param>
public sealed class ChainContracts(Database database, long chainId, int confirmations)
{
    public long ChainId => chainId;

    public int Confirmations => confirmations;

    /// <summary>Null before the setup has deployed the contracts.</summary>
    public async Task<ContractAddresses?> FindAsync(CancellationToken cancellationToken)
    {
        var command = new CommandDefinition(
            "SELECT factory, usdc, outcome_token FROM deployments WHERE chain_id = @chainId",
            new { chainId },
            cancellationToken: cancellationToken
        );
        var row = await database.ReadAsync(
            "chain",
            after: null,
            (connection, _) => connection.QuerySingleOrDefaultAsync<(byte[] Factory, byte[] Usdc, byte[] Token)?>(command),
            cancellationToken
        );
        return row is { } found ? new(new(found.Factory), new(found.Usdc), new(found.Token)) : null;
    }
}
