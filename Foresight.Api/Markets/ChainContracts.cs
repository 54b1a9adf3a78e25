using Dapper;
using Foresight.Chain;
using Foresight.ServiceDefaults.Postgres;
using NpgsqlTypes;

namespace Foresight.Api.Markets;

/// <param name="Factory">The only spender that traders approve.</param>
/// <param name="LatestExpiry">Unix seconds, as a replica has it: never later than what the leader accepts.</param>
/// <param name="Vault">Null with several shards too: it is not followed there (docs/firm-money.md).</param>
public sealed record ContractAddresses(
    Address Factory,
    Address Usdc,
    Address OutcomeToken,
    long? LongestOrderLifeSeconds,
    long? LatestExpiry,
    Address? Vault = null,
    long? WithdrawalBlocks = null,
    long? WithdrawalSeconds = null
);

public sealed class ChainContracts(Database database, long chainId, int confirmations)
{
    public long ChainId => chainId;

    public int Confirmations => confirmations;

    public Task<ContractAddresses?> FindAsync(CancellationToken cancellationToken) => FindAsync(after: null, cancellationToken);

    public async Task<ContractAddresses?> FindAsync(NpgsqlLogSequenceNumber? after, CancellationToken cancellationToken)
    {
        var command = new CommandDefinition(
            """
            SELECT d.factory, d.usdc, d.outcome_token, l.life_seconds, l.signed_at + l.life_seconds AS latest, v.vault, v.withdrawal_blocks,
                v.withdrawal_seconds
            FROM deployments d CROSS JOIN order_life l
            LEFT JOIN deployments v ON v.chain_id = d.chain_id AND shard_count() = 1
            WHERE d.chain_id = @chainId
            """,
            new { chainId },
            cancellationToken: cancellationToken
        );
        var row = await database.ReadAsync(
            "chain",
            after,
            (connection, _) => connection.QuerySingleOrDefaultAsync<Row>(command),
            cancellationToken
        );
        return row is { } found
            ? new(
                new(found.Factory),
                new(found.Usdc),
                new(found.OutcomeToken),
                found.LifeSeconds,
                found.Latest,
                found.Vault is { } vault ? new Address(vault) : null,
                found.WithdrawalBlocks,
                found.WithdrawalSeconds
            )
            : null;
    }

    private sealed class Row
    {
        public byte[] Factory { get; init; } = [];
        public byte[] Usdc { get; init; } = [];
        public byte[] OutcomeToken { get; init; } = [];
        public long? LifeSeconds { get; init; }
        public long? Latest { get; init; }
        public byte[]? Vault { get; init; }
        public long? WithdrawalBlocks { get; init; }
        public long? WithdrawalSeconds { get; init; }
    }
}
