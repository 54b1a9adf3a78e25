using Foresight.Cluster;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Testing;

/// <summary>
/// Facts of the chain are believed only under the settlement term, so it reads that term in Postgres, as only nodes of the matching service
/// can, and takes it if no node has.
/// </summary>
public sealed class TraderAndChain(LeaderRouter router, NpgsqlDataSource database)
{
    public async Task<CommandResult> SendAsync(LeaderCommand command, CancellationToken cancellationToken = default) =>
        IsSigned(command)
            ? await router.SendAsync(command, cancellationToken)
            : (await router.ReportAsync([command], await TermAsync(cancellationToken), cancellationToken))[0];

    /// <summary>One batch, so that they arrive in this order.</summary>
    public async Task<IReadOnlyList<CommandResult>> SendAsync(
        IReadOnlyList<LeaderCommand> commands,
        CancellationToken cancellationToken = default
    ) =>
        commands.All(IsSigned)
            ? await router.SendAsync(commands, cancellationToken)
            : await router.ReportAsync(commands, await TermAsync(cancellationToken), cancellationToken);

    /// <summary>
    /// For what a test builds on: sent until each is accepted, because a term that has just changed hands refuses facts, and a leader that
    /// has just begun may be late.
    /// </summary>
    public async Task AcceptAsync(params LeaderCommand[] commands)
    {
        IReadOnlyList<CommandResult> results = [];
        try
        {
            await Eventually.TrueAsync(
                "all commands are accepted",
                Eventually.Patience,
                async () => (results = await SendAsync(commands)).All(result => result.Status == ResultStatus.Accepted)
            );
        }
        catch (ConditionNotMetException error)
        {
            throw new ConditionNotMetException($"{error.Message} The last results: {string.Join("; ", results)}", error);
        }
    }

    public Task<StateDigest?> LeaderStateAsync(int shard = 0) => router.LeaderStateAsync(shard);

    public Task<MatchingNodeStatus?> LeaderStatusAsync(int shard = 0) => router.LeaderStatusAsync(shard);

    private static bool IsSigned(LeaderCommand command) => command is PlaceOrder or CancelBySalt { Signature: not null };

    private const string TakeTermSql = $"""
        WITH taken AS (
            INSERT INTO leadership (resource, epoch, token, node_id, address, session_name, acquired_at)
            VALUES ('{LeasedResources.Settlement}', 1, gen_random_uuid(), 'tests', '', 'tests', clock_timestamp())
            ON CONFLICT (resource) DO NOTHING
            RETURNING resource, epoch, node_id, acquired_at)
        INSERT INTO leadership_history (resource, epoch, node_id, acquired_at) SELECT resource, epoch, node_id, acquired_at FROM taken
        """;

    private async Task<TermClaim> TermAsync(CancellationToken cancellationToken)
    {
        if (await FindTermAsync(cancellationToken) is { } known)
            return known;
        await using var take = database.CreateCommand(TakeTermSql);
        await take.ExecuteNonQueryAsync(cancellationToken);
        return (await FindTermAsync(cancellationToken))!;
    }

    private async Task<TermClaim?> FindTermAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT epoch, token FROM leadership WHERE resource = $1");
        command.Parameters.AddWithValue(LeasedResources.Settlement);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new TermClaim(LeasedResources.Settlement, reader.GetInt64(0), reader.GetGuid(1))
            : null;
    }
}
