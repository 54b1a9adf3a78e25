using Dapper;
using Foresight.Api.Problems;
using Foresight.Contracts;
using Foresight.ServiceDefaults.Cluster;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>What people decide about discrepancies: the new states and their audit entries are one transaction, or none of it is.</summary>
public sealed class DiscrepancyDesk(
    Database database, INotices notices, NodeIdentity node, IConfiguration configuration, TimeProvider clock)
{
    // One statement for one and for five hundred: $1 ids, $2 states, $3 whether it waits for a second key.
    private const string Write =
        """
        WITH decided AS (
            SELECT u.id, u.next, u.waits, d.state AS was
            FROM unnest(@ids, @states, @waits) AS u (id, next, waits) JOIN discrepancies d ON d.discrepancy_id = u.id),
        changed AS (
            UPDATE discrepancies d SET
                state = u.next,
                note = COALESCE(@note, d.note),
                assignee = CASE WHEN @action = 'assign' THEN @assignee ELSE d.assignee END,
                ignored_until = CASE WHEN u.waits OR @action IN ('assign', 'note') THEN d.ignored_until WHEN @action = 'ignore' THEN @until END,
                second_action = CASE WHEN u.waits THEN @action WHEN @action IN ('assign', 'note') THEN d.second_action END,
                second_by = CASE WHEN u.waits THEN @actor WHEN @action IN ('assign', 'note') THEN d.second_by END,
                second_key = CASE WHEN u.waits THEN @key WHEN @action IN ('assign', 'note') THEN d.second_key END,
                second_at = CASE WHEN u.waits THEN now() WHEN @action IN ('assign', 'note') THEN d.second_at END,
                changed_by = @actor, changed_at = now()
            FROM decided u WHERE d.discrepancy_id = u.id)
        INSERT INTO discrepancy_audit (discrepancy_id, actor, key_name, action, from_state, to_state, note, batch_id)
        SELECT id, @actor, @key, CASE WHEN waits THEN @action || '_first_key' ELSE @action END, was, next, COALESCE(@note, @told), @batch FROM decided ORDER BY id
        """;

    private readonly long? fourEyesOver = configuration.FourEyesOver();

    public async Task<(DiscrepancyDetail? Detail, Problem? Problem)> DecideAsync(
        long id, ResolveRequest request, Decider by, CancellationToken cancellation)
    {
        var (decision, wrong) = DiscrepancyRules.Read(request.Action, request.Note, request.Until, request.Assignee, clock.GetUtcNow());
        if (decision is null) return (null, Problem.Malformed(wrong!));
        var (detail, refusal) = await database.WriteAsync("discrepancy_decide", async (connection, cancel) =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var outcome = await DecideAsync(connection, transaction, [id], decision, by, batch: null, cancel);
            if (outcome.Refused is [var refused]) return (null, refused);
            var read = await ReconciliationReader.ReadDetailAsync(connection, id, transaction, cancel);
            await transaction.CommitAsync(cancel);
            return (read, (BulkRefusal?)null);
        }, cancellation);
        if (refusal is not null)
            return (null, refusal.Code == ProblemCodes.NotFound
                ? Problem.NotFound(refusal.Reason)
                : new Problem(refusal.Code, refusal.Reason));
        Tell();
        return (detail, null);
    }

    public async Task<(BulkResolveResponse? Response, Problem? Problem)> DecideAsync(
        BulkResolveRequest request, Decider by, CancellationToken cancellation)
    {
        if (request.Ids is not { Count: > 0 and <= DiscrepancyRules.MaxBulk } ids || ids.Distinct().Count() != ids.Count)
            return (null, Problem.Malformed($"ids must be 1 to {DiscrepancyRules.MaxBulk} numbers, each once."));
        var (decision, wrong) = DiscrepancyRules.Read(request.Action, request.Note, request.Until, request.Assignee, clock.GetUtcNow());
        if (decision is null) return (null, Problem.Malformed(wrong!));
        var batch = Guid.NewGuid();
        var response = await database.WriteAsync("discrepancy_decide_many", async (connection, cancel) =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancel);
            var outcome = await DecideAsync(connection, transaction, ids, decision, by, batch, cancel);
            await transaction.CommitAsync(cancel);
            return outcome;
        }, cancellation);
        Tell();
        return (response, null);
    }

    private async Task<BulkResolveResponse> DecideAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<long> ids, Decision decision, Decider by, Guid? batch,
        CancellationToken cancellation)
    {
        // Locked, in one order, so that of two decisions at once the second is judged by what the first made of it, and neither waits for
        // ever.
        var rows = (await connection.QueryAsync<(long Id, string State, long? Amount, string? SecondAction, string? SecondKey)>(new CommandDefinition(
            "SELECT discrepancy_id, state, amount, second_action, second_key FROM discrepancies WHERE discrepancy_id = ANY (@ids) ORDER BY discrepancy_id FOR UPDATE",
            new { ids = ids.ToArray() }, transaction, cancellationToken: cancellation))).ToDictionary(row => row.Id);
        var refused = ids.Where(id => !rows.ContainsKey(id))
            .Select(id => new BulkRefusal(id, ProblemCodes.NotFound, $"No discrepancy has the id {id}.")).ToList();
        var judged = rows.Values.Select(row => (row.Id, Judgement: DiscrepancyRules.Judge(
            new DiscrepancyFacts(row.State, row.Amount, row.SecondAction, row.SecondKey), decision, by,
            fourEyesOver))).OrderBy(row => row.Id).ToList();
        refused.AddRange(
            judged.Where(j => j.Judgement.Refusal is not null).Select(
                j => new BulkRefusal(j.Id, j.Judgement.Refusal!.Value.Code, j.Judgement.Refusal.Value.Reason)));
        var changing = judged.Where(j => j.Judgement.Refusal is null).ToList();
        if (changing.Count > 0)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                Write,
                new
                {
                    ids = changing.Select(c => c.Id).ToArray(), states = changing.Select(c => c.Judgement.State).ToArray(),
                    waits = changing.Select(c => c.Judgement.Waits).ToArray(), action = decision.Action, note = decision.Note,
                    assignee = decision.Assignee,
                    until = decision.Until?.UtcDateTime, actor = by.Actor, key = by.Key, batch, told = Told(decision),
                },
                transaction, cancellationToken: cancellation));
        }

        return new BulkResolveResponse(batch ?? Guid.Empty, changing.Count, changing.Count(c => c.Judgement.Waits), refused);
    }

    /// <summary>What the history says where there is no note.</summary>
    private static string? Told(Decision decision) =>
        decision.Action != DiscrepancyRules.Assign ? null : decision.Assignee is { } name ? $"To {name}." : "To nobody.";

    /// <summary>That something was decided; by whom and what is for operators, who ask.</summary>
    private void Tell() =>
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent("discrepancy_changed", node.Id, 0, clock.GetUtcNow(), Detail: null));
}
