using Dapper;
using Foresight.Api.Problems;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations;

/// <summary>
/// A new state and its audit entry are written in one transaction, so that no state is without the decision that led to it.
/// </summary>
public sealed class DiscrepancyWorkflow(
    Database database,
    INotices notices,
    NodeIdentity node,
    IConfiguration configuration,
    TimeProvider clock
)
{
    // Only stores what DiscrepancyRules has decided, so that the rules are in one place. One statement for one discrepancy or thousands.
    private const string Write = """
        WITH decided AS (
            SELECT u.id, u.next, u.waits, d.state AS was, d.assignee AS previous_assignee
            FROM unnest(@ids, @states, @waits) AS u (id, next, waits) JOIN discrepancies d ON d.discrepancy_id = u.id),
        changed AS (
            UPDATE discrepancies d SET
                state = u.next,
                note = @note,
                assignee = CASE WHEN @isAssignment THEN @assignee ELSE d.assignee END,
                ignored_until = CASE WHEN u.waits OR @isRemark THEN d.ignored_until ELSE @until END,
                second_action = CASE WHEN u.waits THEN @action WHEN @isRemark THEN d.second_action END,
                second_by = CASE WHEN u.waits THEN @actor WHEN @isRemark THEN d.second_by END,
                second_key = CASE WHEN u.waits THEN @key WHEN @isRemark THEN d.second_key END,
                second_at = CASE WHEN u.waits THEN now() WHEN @isRemark THEN d.second_at END,
                changed_by = @actor, changed_at = now()
            FROM decided u WHERE d.discrepancy_id = u.id)
        INSERT INTO discrepancy_audit (discrepancy_id, actor, key_name, action, from_state, to_state, note, batch_id)
        SELECT id, @actor, @key,
            CASE WHEN waits THEN @action || '_first_key' ELSE @action END, was, next,
            concat_ws(' ', CASE WHEN @isAssignment
                THEN 'From ' || COALESCE(previous_assignee, 'nobody') || ' to ' || COALESCE(@assignee, 'nobody') || '.' END, @note),
            @batch
        FROM decided ORDER BY id
        """;

    private readonly long? _fourEyesOver = configuration.FourEyesOver();

    public async Task<Result<DiscrepancyDetail>> DecideAsync(
        long id,
        ResolveRequest request,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = DiscrepancyRules.Read(request.Action, request.Note, request.Until, request.Assignee, clock.GetUtcNow());
        if (read.Value is not { } decision)
            return read.Problem!;
        var (detail, refusal) = await database.WriteAsync(
            "discrepancy_decide",
            async (connection, cancellationToken) =>
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var outcome = await DecideAsync(
                    connection,
                    transaction,
                    [id],
                    decision,
                    by,
                    Guid.NewGuid(),
                    undoes: null,
                    cancellationToken
                );
                if (outcome.Refused is [var refused])
                    return (null, refused);
                var detail = await ReconciliationReader.ReadDetailAsync(connection, id, transaction, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return (detail, (BulkRefusal?)null);
            },
            cancellationToken
        );
        if (refusal is not null)
            return new Problem(refusal.Code, refusal.Reason);
        PublishChange();
        return detail!;
    }

    public async Task<Result<BulkResolveResponse>> DecideAsync(BulkResolveRequest request, Operator by, CancellationToken cancellationToken)
    {
        if (request.Ids is not { Count: > 0 and <= DecisionLimits.Bulk } ids || ids.Distinct().Count() != ids.Count)
            return Problem.Malformed($"ids must be 1 to {DecisionLimits.Bulk} numbers, each once.");
        var read = DiscrepancyRules.Read(request.Action, request.Note, request.Until, request.Assignee, clock.GetUtcNow());
        if (read.Value is not { } decision)
            return read.Problem!;
        var batch = Guid.NewGuid();
        var response = await database.WriteAsync(
            "discrepancy_decide_many",
            async (connection, cancellationToken) =>
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var outcome = await DecideAsync(connection, transaction, ids, decision, by, batch, request.Undoes, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return outcome;
            },
            cancellationToken
        );
        PublishChange();
        return response;
    }

    private async Task<BulkResolveResponse> DecideAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        IReadOnlyList<long> ids,
        Decision decision,
        Operator by,
        Guid batch,
        Guid? undoes,
        CancellationToken cancellationToken
    )
    {
        // Locks the rows in id order: concurrent decisions are judged one after the other, each by the state that the one before left, and
        // cannot deadlock.
        var rows = (
            await connection.QueryAsync<(
                long Id,
                string State,
                long? Amount,
                string? SecondAction,
                string? SecondKey,
                string? Assignee,
                DateTime? IgnoredUntil
            )>(
                new CommandDefinition(
                    """
                    SELECT discrepancy_id, state, amount, second_action, second_key, assignee, ignored_until
                    FROM discrepancies WHERE discrepancy_id = ANY (@ids) ORDER BY discrepancy_id FOR UPDATE
                    """,
                    new { ids = ids.ToArray() },
                    transaction,
                    cancellationToken: cancellationToken
                )
            )
        ).ToDictionary(row => row.Id);
        var decidedSince = undoes is { } undone ? await DecidedSinceAsync(connection, transaction, ids, undone, cancellationToken) : [];
        var refused = ids.Where(id => !rows.ContainsKey(id))
            .Select(id => new BulkRefusal(id, ProblemCodes.NotFound, $"No discrepancy has the id {id}."))
            .ToList();
        var judged = rows
            .Values.Select(row =>
                (
                    row.Id,
                    Judgement: DiscrepancyRules.Judge(
                        new DiscrepancyFacts(row.State, row.Amount, row.SecondAction, row.SecondKey, decidedSince.Contains(row.Id)),
                        decision,
                        by,
                        _fourEyesOver
                    )
                )
            )
            .OrderBy(row => row.Id)
            .ToList();
        refused.AddRange(
            judged
                .Where(j => j.Judgement.Refusal is not null)
                .Select(j => new BulkRefusal(j.Id, j.Judgement.Refusal!.Value.Code, j.Judgement.Refusal.Value.Reason))
        );
        var changing = judged.Where(j => j.Judgement.Refusal is null).ToList();
        if (changing.Count > 0)
        {
            await connection.ExecuteAsync(
                new CommandDefinition(
                    Write,
                    new
                    {
                        ids = changing.Select(c => c.Id).ToArray(),
                        states = changing.Select(c => c.Judgement.State).ToArray(),
                        waits = changing.Select(c => c.Judgement.Waits).ToArray(),
                        action = decision.Action,
                        note = decision.Note,
                        assignee = decision.Assignee,
                        until = decision.Until?.UtcDateTime,
                        actor = by.Actor,
                        key = by.Key,
                        batch,
                        isAssignment = decision.Action == DiscrepancyActions.Assign,
                        isRemark = DiscrepancyRules.IsRemark(decision.Action),
                    },
                    transaction,
                    cancellationToken: cancellationToken
                )
            );
        }

        return new BulkResolveResponse(
            batch,
            changing.Count,
            changing.Count(c => c.Judgement.Waits),
            refused,
            [
                .. changing
                    .Select(c => rows[c.Id])
                    .Select(row => new DiscrepancyBefore(row.Id, row.State, row.Assignee, row.IgnoredUntil, row.SecondAction is not null)),
            ]
        );
    }

    /// <summary>
    /// Those whose newest entry, notes aside, is not of the decision that is to be taken back. A statement of its own: one that waits for
    /// the locks has read the entries as they were before.
    /// </summary>
    private static async Task<HashSet<long>> DecidedSinceAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction transaction,
        IReadOnlyList<long> ids,
        Guid undone,
        CancellationToken cancellationToken
    ) =>
        [
            .. await connection.QueryAsync<long>(
                new CommandDefinition(
                    $"""
                    SELECT wanted.id FROM unnest(@ids) AS wanted (id)
                    WHERE (SELECT a.batch_id FROM discrepancy_audit a
                        WHERE a.discrepancy_id = wanted.id AND a.action <> '{DiscrepancyActions.Note}'
                        ORDER BY a.audit_id DESC LIMIT 1) IS DISTINCT FROM @undone
                    """,
                    new { ids = ids.ToArray(), undone },
                    transaction,
                    cancellationToken: cancellationToken
                )
            ),
        ];

    /// <summary>Only that something has changed, because the topic is public and decisions are for operators.</summary>
    private void PublishChange() =>
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent("discrepancy_changed", node.Id, 0, clock.GetUtcNow(), Detail: null));
}
