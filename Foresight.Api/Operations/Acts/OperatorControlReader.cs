using Dapper;
using Foresight.Api.Access;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations.Acts;

/// <summary>Reads the primary, because an operator looks for what was decided just now.</summary>
public sealed class OperatorControlReader(Database database, AdminAccess access)
{
    private const int MaxRows = 500;

    public Task<OperatorControls> ReadAsync(CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync("operator_controls", ReadAsync, cancellationToken);

    private async Task<OperatorControls> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var read = await connection.QueryMultipleAsync(
            new CommandDefinition(
                """
                SELECT subject, subject_id, since, actor, key_name, note FROM operator_holds ORDER BY subject, subject_id LIMIT @MaxRows;
                SELECT subject, subject_id, action, actor, key_name, at FROM operator_waiting
                WHERE at > now() - @LongestWait ORDER BY subject, subject_id LIMIT @MaxRows
                """,
                new { MaxRows, OperatorActRules.LongestWait },
                cancellationToken: cancellationToken
            )
        );
        var holds = await read.ReadAsync<(string Subject, string Id, DateTime Since, string By, string Key, string Note)>();
        var waiting = await read.ReadAsync<(string Subject, string Id, string Action, string By, string Key, DateTime At)>();
        return new OperatorControls(
            access.HasSeveralKeys,
            [.. holds.Select(row => new OperatorHold(row.Subject, row.Id, row.Since, row.By, row.Key, row.Note))],
            [.. waiting.Select(row => new WaitingAct(row.Subject, row.Id, row.Action, row.By, row.Key, row.At))]
        );
    }
}
