using Dapper;
using Foresight.Api.Problems;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Postgres;
using Foresight.ServiceDefaults.Redis;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>What a person decides about a discrepancy: the new state and its audit entry are one transaction, or neither is.</summary>
public sealed class DiscrepancyDesk(Database database, RedisConnection redis, TimeProvider clock)
{
    public async Task<(DiscrepancyDetail? Detail, Problem? Problem)> DecideAsync(long id, ResolveRequest request, string actor, CancellationToken cancellation)
    {
        var note = request.Note.Trim();
        if (note.Length is 0 or > DiscrepancyRules.MaxNote)
            return (null, Problem.Malformed($"note must have 1 to {DiscrepancyRules.MaxNote} characters."));
        var action = request.Action ?? "resolve";
        if (!DiscrepancyRules.Actions.Contains(action))
            return (null, Problem.Malformed($"action must be one of {string.Join(", ", DiscrepancyRules.Actions)}."));

        var answer = await database.WriteAsync(
            "discrepancy_decide", (connection, cancel) => WriteAsync(connection, id, action, note, actor, cancel), cancellation);
        if (answer.Detail is { } decided)
            redis.Publish(Channels.ClusterEvents, new ClusterEvent(
                "discrepancy_changed", actor, 0, clock.GetUtcNow(), $"{id} {decided.Discrepancy.State}"));
        return answer;
    }

    private static async Task<(DiscrepancyDetail? Detail, Problem? Problem)> WriteAsync(
        NpgsqlConnection connection, long id, string action, string note, string actor, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // Locked, so that of two decisions at once the second is judged by what the first made of it.
        var state = await connection.QuerySingleOrDefaultAsync<string>(new CommandDefinition(
            "SELECT state FROM discrepancies WHERE discrepancy_id = @id FOR UPDATE", new { id }, transaction, cancellationToken: cancellation));
        if (state is null) return (null, Problem.NotFound($"No discrepancy has the id {id}."));
        if (DiscrepancyRules.After(state, action) is not { } next)
            return (null, new Problem(ProblemRules.StateConflict, $"A discrepancy that is {state} cannot take the action {action}."));

        await connection.ExecuteAsync(new CommandDefinition(
            """
            UPDATE discrepancies SET state = @next, note = @note, changed_by = @actor, changed_at = now() WHERE discrepancy_id = @id;
            INSERT INTO discrepancy_audit (discrepancy_id, actor, action, from_state, to_state, note) VALUES (@id, @actor, @action, @state, @next, @note);
            """, new { id, next, note, actor, action, state }, transaction, cancellationToken: cancellation));
        var detail = await ReconciliationReader.ReadDetailAsync(connection, id, transaction, cancellation);
        await transaction.CommitAsync(cancellation);
        return (detail, null);
    }
}
