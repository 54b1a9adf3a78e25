namespace Foresight.Testing;

/// <summary>
/// The leader takes no orders without a final sign of life, which settlement leaves in the database, so a stack without a chain gets one of
/// this moment, with a deployment.
/// </summary>
public static class SignOfLife
{
    public const string Sql = """
        INSERT INTO deployments (chain_id, genesis_hash, usdc, outcome_token, factory, deployed_block, longest_order_life_seconds)
            VALUES (1, '\x00', decode(repeat('aa', 20), 'hex'), decode(repeat('bb', 20), 'hex'), decode(repeat('cc', 20), 'hex'), 1, 86400);
        INSERT INTO signs_of_life (block_number, signed_at) VALUES (1, extract(epoch FROM now())::bigint);
        """;
}
