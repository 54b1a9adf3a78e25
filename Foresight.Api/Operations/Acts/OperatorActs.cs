using Dapper;
using Foresight.Api.Access;
using Foresight.Api.Problems;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations.Acts;

/// <summary>
/// Writes what operators want where those concerned read it: in the journal's database, which nothing but its password opens. The act and
/// its audit entry are one transaction.
/// </summary>
public sealed class OperatorActs(
    Database database,
    AdminAccess access,
    MatchingNodes nodes,
    INotices notices,
    NodeIdentity node,
    TimeProvider clock
)
{
    /// <summary>Names of drained nodes that never come back would otherwise pile up.</summary>
    public const int MaxHolds = 200;

    /// <returns>Null if it was done.</returns>
    public async Task<Problem?> ActAsync(
        string subject,
        string id,
        OperatorActRequest request,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = OperatorActRules.Read(subject, request);
        if (read.Value is not { Action: { } action, Note: { } note })
            return read.Problem!;
        // Before the transaction, which must not wait for Redis.
        var alive = subject is OperatorSubjects.Node or OperatorSubjects.Leader ? await nodes.AliveAsync(cancellationToken) : [];
        var act = new Act(subject, id, action, note, by);
        var refusal = await database.WriteAsync(
            "operator_act",
            (connection, cancellationToken) => WriteAsync(connection, act, alive, cancellationToken),
            cancellationToken
        );
        if (refusal is null)
            notices.Publish(NoticeTopics.Cluster, new ClusterEvent("operator_act", node.Id, 0, clock.GetUtcNow(), subject));
        return refusal;
    }

    private async Task<Problem?> WriteAsync(
        NpgsqlConnection connection,
        Act act,
        IReadOnlyList<string>? alive,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await connection.BeginBriefTransactionAsync(cancellationToken);
        // Locked, so that of two acts at the same time the second is judged by what the first has left; readers wait for neither.
        await connection.ExecuteAsync(
            new CommandDefinition(
                "LOCK TABLE operator_holds, operator_waiting, step_downs IN SHARE ROW EXCLUSIVE MODE",
                transaction: transaction,
                cancellationToken: cancellationToken
            )
        );
        var row = await ReadAsync(connection, act, cancellationToken);
        if (IsUnknown(act, row, alive) is { } unknown)
            return unknown;
        var facts = new OperatorActFacts(
            act.Subject,
            row.IsHeld,
            row.HasHaltedItself,
            row.Leader is { } leader ? $"{leader} in epoch {row.Epoch}" : null,
            row.StepsDown,
            alive?.Except(row.Drained).Count(other => other != (act.Subject == OperatorSubjects.Node ? act.Id : row.Leader)),
            row.WaitingAction,
            row.WaitingKey,
            row.InFlight,
            row.InFlight is not null && row.InFlight == row.Bumped
        );
        var judgement = OperatorActRules.Judge(facts, act.Action, act.By.Key, access.HasSeveralKeys);
        if (judgement.Refusal is var (code, reason))
            return new Problem(code, reason);
        if (!facts.IsHeld && judgement.After.IsHeld && row.Holds >= MaxHolds)
            return new Problem(ProblemRules.StateConflict, $"There are {MaxHolds} holds already; end those that are not needed any more.");
        await ApplyAsync(connection, act, facts, judgement, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return null;
    }

    private Problem? IsUnknown(Act act, Row row, IReadOnlyList<string>? alive) =>
        act.Subject switch
        {
            // What is held may be gone: a replica that no setting names any more, a node that never came back.
            _ when row.IsHeld => null,
            OperatorSubjects.Replica when database.Replicas.All(replica => replica.Name != act.Id) => Problem.NotFound(
                "No replica has this name."
            ),
            OperatorSubjects.Node when alive?.Contains(act.Id) == false => Problem.NotFound("No matching node of this name is alive."),
            OperatorSubjects.Leader when row.Epoch is null => Problem.NotFound("No resource of this name was ever led."),
            _ => null,
        };

    private static async Task<Row> ReadAsync(NpgsqlConnection connection, Act act, CancellationToken cancellationToken)
    {
        return await connection.QuerySingleAsync<Row>(
            new CommandDefinition(
                """
                SELECT
                    EXISTS (SELECT FROM operator_holds WHERE subject = @Subject AND subject_id = @Id) AS is_held,
                    (SELECT count(*) FROM operator_holds) AS holds,
                    ARRAY(SELECT subject_id FROM operator_holds WHERE subject = 'node') AS drained,
                    @Subject = 'settlement' AND EXISTS (SELECT FROM settlement_status WHERE halted_block IS NOT NULL
                        AND halted_block IS DISTINCT FROM allowed_block) AS has_halted_itself,
                    CASE WHEN l.renewed_at > clock_timestamp() - l.lease_ms * interval '1 ms' THEN l.node_id END AS leader,
                    l.epoch, coalesce(is_asked_to_step_down(l.resource, l.epoch, l.node_id), false) AS steps_down,
                    (SELECT batch_id FROM settlement_batches WHERE @Subject = 'settlement' AND state IN ('signed', 'broadcast')
                        AND signer = (SELECT signer FROM settlement_status) ORDER BY nonce LIMIT 1) AS in_flight,
                    (SELECT bumped_batch FROM settlement_status) AS bumped,
                    w.action AS waiting_action, w.key_name AS waiting_key
                FROM (SELECT) AS one
                LEFT JOIN leadership l ON @Subject = 'leader' AND l.resource = @Id
                LEFT JOIN operator_waiting w ON w.subject = @Subject AND w.subject_id = @Id AND w.at > now() - @LongestWait
                """,
                new
                {
                    act.Subject,
                    act.Id,
                    OperatorActRules.LongestWait,
                },
                cancellationToken: cancellationToken
            )
        );
    }

    private static Task ApplyAsync(
        NpgsqlConnection connection,
        Act act,
        OperatorActFacts before,
        OperatorJudgement judgement,
        CancellationToken cancellationToken
    )
    {
        var after = judgement.After;
        List<string> statements = ["DELETE FROM operator_waiting WHERE subject = @Subject AND subject_id = @Id"];
        if (judgement.Waits)
            statements.Add(
                "INSERT INTO operator_waiting (subject, subject_id, action, actor, key_name) VALUES (@Subject, @Id, @Action, @Actor, @Key)"
            );
        if (after.IsHeld && !before.IsHeld)
            statements.Add(
                "INSERT INTO operator_holds (subject, subject_id, actor, key_name, note) VALUES (@Subject, @Id, @Actor, @Key, @Note)"
            );
        if (before.IsHeld && !after.IsHeld)
            statements.Add("DELETE FROM operator_holds WHERE subject = @Subject AND subject_id = @Id");
        if (before.HasHaltedItself && !after.HasHaltedItself)
            statements.Add("UPDATE settlement_status SET allowed_block = halted_block");
        if (after.IsBumped && !before.IsBumped)
            statements.Add("UPDATE settlement_status SET bumped_batch = @InFlight");
        if (after.StepsDown && !before.StepsDown)
            statements.Add(
                """
                INSERT INTO step_downs (resource, epoch) SELECT resource, epoch FROM leadership WHERE resource = @Id
                ON CONFLICT (resource) DO UPDATE SET epoch = excluded.epoch, at = excluded.at
                """
            );
        statements.Add(
            """
            INSERT INTO operator_audit (subject, subject_id, actor, key_name, action, from_state, to_state, note)
            VALUES (@Subject, @Id, @Actor, @Key, CASE WHEN @Waits THEN @Action || '_first_key' ELSE @Action END, @From, @To, @Note)
            """
        );
        return connection.ExecuteAsync(
            new CommandDefinition(
                string.Join(";\n", statements),
                new
                {
                    act.Subject,
                    act.Id,
                    act.Action,
                    act.Note,
                    act.By.Actor,
                    act.By.Key,
                    judgement.Waits,
                    before.InFlight,
                    From = before.State,
                    To = after.State,
                },
                cancellationToken: cancellationToken
            )
        );
    }

    private sealed record Act(string Subject, string Id, string Action, string Note, Operator By);

    private sealed class Row
    {
        public bool IsHeld { get; init; }
        public long Holds { get; init; }
        public string[] Drained { get; init; } = [];
        public bool HasHaltedItself { get; init; }
        public string? Leader { get; init; }
        public long? Epoch { get; init; }
        public bool StepsDown { get; init; }
        public long? InFlight { get; init; }
        public long? Bumped { get; init; }
        public string? WaitingAction { get; init; }
        public string? WaitingKey { get; init; }
    }
}
