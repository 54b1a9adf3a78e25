using Foresight.Protocol;
using Npgsql;

namespace Foresight.Cluster;

/// <summary>Asks Postgres, where the lease is kept; what Redis shows may be missing, old or forged (docs/decisions/0436).</summary>
public sealed class LeaderRows(NpgsqlDataSource primary)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The database judges whether the lease still runs, because nodes' clocks may differ. Null if the resource never had a leader.
    /// </summary>
    /// <exception cref="NpgsqlException">Postgres cannot be read.</exception>
    /// <exception cref="TimeoutException">Postgres does not answer.</exception>
    public Task<(LeaseRecord Record, bool IsHeld)?> ReadAsync(string resource, CancellationToken cancellationToken) =>
        ReadRowAsync(resource, cancellationToken).WaitAsync(AnswerTimeout, cancellationToken);

    private async Task<(LeaseRecord Record, bool IsHeld)?> ReadRowAsync(string resource, CancellationToken cancellationToken)
    {
        await using var command = primary.CreateCommand(
            """
            SELECT coalesce(node_id, ''), coalesce(address, ''), token, epoch, acquired_at, coalesce(renewed_at, acquired_at), lease_ms,
                   coalesce(clock_timestamp() - renewed_at < lease_ms * interval '1 millisecond', false)
            FROM leadership WHERE resource = $1
            """
        );
        command.Parameters.AddWithValue(resource);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var record = new LeaseRecord(
            reader.GetString(0),
            reader.GetString(1),
            LeaseRecord.NameOf(reader.GetGuid(2)),
            reader.GetInt64(3),
            reader.GetDateTime(4),
            reader.GetDateTime(5),
            reader.GetInt32(6)
        );
        return (record, reader.GetBoolean(7));
    }
}
