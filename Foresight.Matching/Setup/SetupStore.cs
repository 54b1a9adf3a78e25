using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.Setup;

public sealed record RecordedDeployment(
    int Generation,
    long BlockOffset,
    Address Usdc,
    Address OutcomeToken,
    Address Factory,
    long DeployedBlock,
    int Markets
);

/// <summary>
/// Runs before any node writes, or finds everything done and writes nothing. An advisory lock serialises concurrent runs.
/// </summary>
internal sealed class SetupStore(NpgsqlConnection connection)
{
    /// <summary>An arbitrary constant, distinct from those of other advisory locks: "foresetu" in ASCII.</summary>
    private const long AdvisoryLock = 0x666f726573657475;

    public Task LockAsync() => connection.ExecuteAsync($"SELECT pg_advisory_lock({AdvisoryLock})", commandTimeout: 120);

    public async Task<RecordedDeployment?> ReadAsync(long chainId)
    {
        var row = await connection.QuerySingleOrDefaultAsync<(
            int Generation,
            long Offset,
            byte[] Usdc,
            byte[] Token,
            byte[] Factory,
            long Block,
            int Markets
        )?>(
            """
            SELECT generation, block_offset, usdc, outcome_token, factory, deployed_block,
                (SELECT count(*)::int FROM markets m WHERE m.generation = d.generation)
            FROM deployments d WHERE chain_id = @chainId
            """,
            new { chainId }
        );
        return row is { } d
            ? new RecordedDeployment(
                d.Generation,
                d.Offset,
                new Address(d.Usdc),
                new Address(d.Token),
                new Address(d.Factory),
                d.Block,
                d.Markets
            )
            : null;
    }

    /// <summary>
    /// The chain is gone, so what was under way on it fails (the follower has the engine bust the trades) and the cursors start over. Its
    /// markets and its final trades stay readable.
    /// </summary>
    /// <returns>The offset that keeps block numbers in observations ascending, because the engine refuses older ones.</returns>
    public async Task<long> EndGenerationAsync(RecordedDeployment lost, NpgsqlTransaction transaction)
    {
        await connection.ExecuteAsync(
            """
            UPDATE trades t SET settlement = 'failed', settlement_reason = 'chain_lost', tx_hash = NULL, block_number = NULL,
                settlement_changed_at = now()
            FROM markets m WHERE m.market_id = t.market_id AND m.generation = @Generation AND t.settlement NOT IN ('final', 'failed');
            UPDATE settlement_batches SET state = 'failed', error = 'chain_lost', updated_at = now()
            WHERE state IN ('signed', 'broadcast', 'mined');
            """,
            new { lost.Generation },
            transaction
        );
        var highest = await connection.ExecuteScalarAsync<long>(
            """
            SELECT greatest((SELECT COALESCE(max(observed_block), 0) FROM balances),
                            @BlockOffset + (SELECT COALESCE(max(block_number), 0) FROM chain_cursors))
            """,
            new { lost.BlockOffset },
            transaction
        );
        await connection.ExecuteAsync(
            "DELETE FROM chain_cursors; DELETE FROM chain_blocks; DELETE FROM signs_of_life; DELETE FROM signing_keys;",
            transaction: transaction
        );
        return highest;
    }

    public Task RecordAsync(
        long chainId,
        Hash32 genesis,
        Address usdc,
        Address token,
        Address factory,
        long block,
        int generation,
        long offset,
        TimeSpan longestOrderLife,
        DeployedVault? vault,
        NpgsqlTransaction transaction
    ) =>
        connection.ExecuteAsync(
            """
            INSERT INTO deployments (chain_id, genesis_hash, usdc, outcome_token, factory, deployed_block, generation, block_offset,
                longest_order_life_seconds, vault, withdrawal_blocks, withdrawal_seconds)
            VALUES (@chainId, @genesis, @usdc, @token, @factory, @block, @generation, @offset, @life, @vault, @blocks, @seconds)
            ON CONFLICT (chain_id) DO UPDATE SET
                genesis_hash = excluded.genesis_hash, usdc = excluded.usdc, outcome_token = excluded.outcome_token,
                factory = excluded.factory, deployed_block = excluded.deployed_block, generation = excluded.generation,
                block_offset = excluded.block_offset, longest_order_life_seconds = excluded.longest_order_life_seconds,
                vault = excluded.vault, withdrawal_blocks = excluded.withdrawal_blocks,
                withdrawal_seconds = excluded.withdrawal_seconds, created_at = now()
            """,
            new
            {
                chainId,
                genesis = genesis.ToBytes(),
                usdc = usdc.ToBytes(),
                token = token.ToBytes(),
                factory = factory.ToBytes(),
                block,
                generation,
                offset,
                life = (long)longestOrderLife.TotalSeconds,
                vault = vault?.Address.ToBytes(),
                blocks = vault?.Delay.Blocks,
                seconds = vault?.Delay.Seconds,
            },
            transaction
        );

    public Task<int> ShardsAsync() => connection.QuerySingleAsync<int>("SELECT shard_count()");

    /// <summary>In turn, so that even a few markets are spread evenly over the shards.</summary>
    public Task AddMarketAsync(
        Address address,
        string question,
        IEnumerable<string> outcomes,
        int tickSize,
        bool firmOnly,
        int generation,
        NpgsqlTransaction transaction
    ) =>
        connection.ExecuteAsync(
            """
            INSERT INTO markets (market_id, shard, address, question, outcomes, tick_size, firm_only, generation)
            SELECT next.id, (next.id - 1) % shard_count(), @address, @question, @outcomes, @tickSize, @firmOnly, @generation
            FROM (SELECT COALESCE(max(market_id), 0) + 1 AS id FROM markets) next
            ON CONFLICT (address) DO NOTHING
            """,
            new
            {
                address = address.ToBytes(),
                question,
                outcomes = outcomes.ToArray(),
                tickSize,
                firmOnly,
                generation,
            },
            transaction
        );
}
