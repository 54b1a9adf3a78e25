using Dapper;
using Foresight.Api.Access;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Npgsql;

namespace Foresight.Api.Operations.Markets;

/// <summary>
/// Writes what operators want of a market beside the market, in the journal's database, where the leader of any term finds it: an act must
/// not be lost with a failover. The act and its audit entry are one transaction.
/// </summary>
public sealed class MarketActs(Database database, AdminAccess access, INotices notices, NodeIdentity node, TimeProvider clock)
{
    private const int MaxActs = 100;

    public Task<MarketControl?> FindAsync(int market, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "market_control",
            (connection, cancellationToken) => ReadAsync(connection, market, cancellationToken),
            cancellationToken
        );

    public async Task<Result<MarketControl>> ActAsync(
        int market,
        MarketActRequest request,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = MarketActRules.Read(request);
        if (read.Value is not { Action: { } action, Note: { } note })
            return read.Problem!;
        var refusal = await database.WriteAsync(
            "market_act",
            (connection, cancellationToken) => WriteAsync(connection, market, action, note, by, cancellationToken),
            cancellationToken
        );
        if (refusal is not null)
            return refusal;
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent("market_act", node.Id, 0, clock.GetUtcNow(), Detail: null));
        return (await FindAsync(market, cancellationToken))!;
    }

    /// <returns>Null if it was done.</returns>
    private async Task<Problem?> WriteAsync(
        NpgsqlConnection connection,
        int market,
        string action,
        string note,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        await using var transaction = await connection.BeginBriefTransactionAsync(cancellationToken);
        // Locked, so that of two acts at the same time the second is judged by what the first has left.
        var row = await connection.QuerySingleOrDefaultAsync<(short State, short? Held, string? SecondAction, string? SecondKey)?>(
            new CommandDefinition(
                """
                SELECT state, operator_state, CASE WHEN second_at > now() - @LongestWait THEN second_action END, second_key
                FROM markets WHERE market_id = @market FOR NO KEY UPDATE
                """,
                new { market, MarketActRules.LongestWait },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        if (row is not var (state, held, secondAction, secondKey))
            return Problem.NotFound($"No market has the id {market}.");
        var facts = new MarketFacts(Names.OfMarketState(state), NameOf(held), secondAction, secondKey);
        var judgement = MarketActRules.Judge(facts, action, by.Key, access.HasSeveralKeys);
        if (judgement.Refusal is var (code, reason))
            return new Problem(code, reason);
        await connection.ExecuteAsync(
            new CommandDefinition(
                """
                WITH changed AS (
                    UPDATE markets SET
                        operator_state = @held,
                        second_action = CASE WHEN @Waits THEN @action WHEN @KeepsWaiting THEN second_action END,
                        second_by = CASE WHEN @Waits THEN @Actor WHEN @KeepsWaiting THEN second_by END,
                        second_key = CASE WHEN @Waits THEN @Key WHEN @KeepsWaiting THEN second_key END,
                        second_at = CASE WHEN @Waits THEN now() WHEN @KeepsWaiting THEN second_at END
                    WHERE market_id = @market)
                INSERT INTO market_audit (market_id, actor, key_name, action, from_state, to_state, note)
                VALUES (@market, @Actor, @Key, CASE WHEN @Waits THEN @action || '_first_key' ELSE @action END, @from, @to, @note)
                """,
                new
                {
                    market,
                    action,
                    note,
                    held = StateOf(judgement.Held),
                    judgement.Waits,
                    judgement.KeepsWaiting,
                    by.Actor,
                    by.Key,
                    from = facts.State,
                    to = judgement.Held ?? MarketStates.Open,
                },
                transaction,
                cancellationToken: cancellationToken
            )
        );
        await transaction.CommitAsync(cancellationToken);
        return null;
    }

    private async Task<MarketControl?> ReadAsync(NpgsqlConnection connection, int market, CancellationToken cancellationToken)
    {
        var parameters = new
        {
            market,
            MaxActs,
            MarketActRules.LongestWait,
        };
        var row = await connection.QuerySingleOrDefaultAsync<Row>(
            new CommandDefinition(
                """
                SELECT question, state, operator_state AS Held,
                    CASE WHEN second_at > now() - @LongestWait THEN second_action END AS SecondAction, second_by AS SecondBy,
                    second_key AS SecondKey, second_at AS SecondAt
                FROM markets WHERE market_id = @market
                """,
                parameters,
                cancellationToken: cancellationToken
            )
        );
        if (row is null)
            return null;
        var acts = await connection.QueryAsync<(DateTime At, string Actor, string Key, string Action, string From, string To, string Note)>(
            new CommandDefinition(
                """
                SELECT at, actor, key_name, action, from_state, to_state, note
                FROM market_audit WHERE market_id = @market ORDER BY audit_id DESC LIMIT @MaxActs
                """,
                parameters,
                cancellationToken: cancellationToken
            )
        );
        return new MarketControl(
            market,
            row.Question,
            Names.OfMarketState(row.State),
            NameOf(row.Held),
            access.HasSeveralKeys,
            row.SecondAction is { } action ? new WaitingMarketAct(action, row.SecondBy!, row.SecondKey!, row.SecondAt!.Value) : null,
            [.. acts.Select(act => new MarketActView(act.At, act.Actor, act.Key, act.Action, act.From, act.To, act.Note))]
        );
    }

    private static string? NameOf(short? held) => held is { } state ? Names.OfMarketState(state) : null;

    private static short? StateOf(string? held) =>
        held switch
        {
            MarketStates.Paused => 1,
            MarketStates.Closed => 2,
            _ => null,
        };

    private sealed class Row
    {
        public string Question { get; init; } = "";
        public short State { get; init; }
        public short? Held { get; init; }
        public string? SecondAction { get; init; }
        public string? SecondBy { get; init; }
        public string? SecondKey { get; init; }
        public DateTime? SecondAt { get; init; }
    }
}
