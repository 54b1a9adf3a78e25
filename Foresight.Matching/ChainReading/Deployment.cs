using Dapper;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Npgsql;

namespace Foresight.Matching.ChainReading;

/// <param name="Delay">Of a withdrawal, fixed at the deployment.</param>
public sealed record DeployedVault(Address Address, WithdrawalDelay Delay);

public sealed record DeployedMarket(int Id, Address Address, int Outcomes, int State, int Shard = 0);

/// <param name="LongestOrderLife">After such a silence of settlement the markets are in escape mode, in which anyone fills orders.</param>
/// <param name="Vault">Null: no order is firm.</param>
/// <param name="BlockOffset">Added to the chain's block numbers in observations, so that they keep ascending across redeployments.</param>
public sealed record Deployment(
    long ChainId,
    Hash32 GenesisHash,
    Address Usdc,
    Address OutcomeToken,
    Address Factory,
    long DeployedBlock,
    int Generation,
    long BlockOffset,
    TimeSpan LongestOrderLife,
    IReadOnlyList<DeployedMarket> Markets,
    DeployedVault? Vault = null
)
{
    private readonly Dictionary<Address, DeployedMarket> _byAddress = Markets.ToDictionary(m => m.Address);
    private readonly Dictionary<int, DeployedMarket> _byId = Markets.ToDictionary(m => m.Id);

    public DeployedMarket? Find(Address market) => _byAddress.GetValueOrDefault(market);

    public DeployedMarket Market(int id) =>
        _byId.TryGetValue(id, out var market)
            ? market
            : throw new InvalidOperationException($"Market {id} is not of generation {Generation}.");

    /// <summary>Null if nothing is deployed on this chain, or the set-up has not run: settlement then waits instead of failing.</summary>
    public static async Task<Deployment?> ReadAsync(NpgsqlDataSource database, long chainId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            new CommandDefinition(
                """
                SELECT genesis_hash, usdc, outcome_token, factory, deployed_block, generation, block_offset,
                    longest_order_life_seconds, vault, withdrawal_blocks, withdrawal_seconds
                FROM deployments WHERE chain_id = @chainId AND longest_order_life_seconds IS NOT NULL
                """,
                new { chainId },
                cancellationToken: cancellationToken
            )
        );
        if (row is null)
            return null;
        var markets = await connection.QueryAsync<(int Id, byte[] Address, int Outcomes, short State, short Shard)>(
            new CommandDefinition(
                """
                SELECT market_id, address, cardinality(outcomes), state, shard FROM markets WHERE generation = @generation
                ORDER BY market_id
                """,
                new { row.generation },
                cancellationToken: cancellationToken
            )
        );
        return new Deployment(
            chainId,
            new Hash32(row.genesis_hash),
            new Address(row.usdc),
            new Address(row.outcome_token),
            new Address(row.factory),
            row.deployed_block,
            row.generation,
            row.block_offset,
            TimeSpan.FromSeconds(row.longest_order_life_seconds),
            [.. markets.Select(m => new DeployedMarket(m.Id, new Address(m.Address), m.Outcomes, m.State, m.Shard))],
            row.vault is { } vault
                ? new DeployedVault(new Address(vault), new WithdrawalDelay(row.withdrawal_blocks!.Value, row.withdrawal_seconds!.Value))
                : null
        );
    }

    // Dapper maps by name, so these names are those of the columns.
#pragma warning disable IDE1006
    private sealed record Row(
        byte[] genesis_hash,
        byte[] usdc,
        byte[] outcome_token,
        byte[] factory,
        long deployed_block,
        int generation,
        long block_offset,
        long longest_order_life_seconds,
        byte[]? vault,
        long? withdrawal_blocks,
        long? withdrawal_seconds
    );
#pragma warning restore IDE1006
}
