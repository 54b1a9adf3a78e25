using Dapper;
using Foresight.Api.Operations.Firm;
using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Api.Operations.Markets.Proposals;

/// <summary>Each change and its entry of the audit are one transaction.</summary>
internal sealed class ProposalStore(NpgsqlConnection connection, CancellationToken cancellationToken)
{
    private const int Shown = 30;

    /// <summary>What no step was taken of for a day gives its place to the next.</summary>
    private const string Lapse = """
        UPDATE market_proposals SET ended = 'lapsed', ended_at = now()
        WHERE ended IS NULL AND coalesce(sent_at, approved_at, proposed_at) <= now() - @LongestWait
        """;

    /// <param name="market">Null: those that create one.</param>
    public async Task<List<ProposalRow>> ListAsync(int? market) =>
        (
            await connection.QueryAsync<ProposalRow>(
                Command(
                    $"""
                    SELECT {ProposalRow.Columns} FROM {ProposalRow.Tables}
                    WHERE {(market is null ? "p.kind = 'create'" : "p.kind <> 'create' AND p.market_id = @market")}
                    ORDER BY p.ended IS NULL DESC, p.proposal_id DESC LIMIT {Shown}
                    """,
                    new { market }
                )
            )
        ).AsList();

    /// <summary>With several shards no engine follows the vault, so a market that is firm only would take no order.</summary>
    public Task<bool> HasVaultAsync(NpgsqlTransaction? transaction = null) =>
        connection.QuerySingleAsync<bool>(Command($"SELECT {FirmReader.HasVault}", transaction: transaction));

    public Task<ProposalRow?> FindAsync(long id, NpgsqlTransaction? transaction = null) =>
        connection.QuerySingleOrDefaultAsync<ProposalRow>(
            Command($"SELECT {ProposalRow.Columns} FROM {ProposalRow.Tables} WHERE p.proposal_id = @id", new { id }, transaction)
        );

    /// <returns>Its id, or why there is none.</returns>
    public async Task<(long Id, Problem? Problem)> AddAsync(Proposal proposal, Operator by)
    {
        await using var transaction = await connection.BeginBriefTransactionAsync(cancellationToken);
        // One proposal at a time, so that the number of open ones is exact.
        await connection.ExecuteAsync(Command("SELECT pg_advisory_xact_lock(hashtext('market_proposals'))", transaction: transaction));
        await connection.ExecuteAsync(Command(Lapse, new { ProposalRules.LongestWait }, transaction));
        var problem = proposal.Market is { } market ? await JudgeNewAsync(market, transaction) : await JudgeEndAsync(proposal, transaction);
        if (problem is not null)
            return (0, problem);
        var id = await connection.QuerySingleOrDefaultAsync<long?>(
            Command(
                """
                INSERT INTO market_proposals (kind, market_id, outcome, question, question_hash, outcomes, tick_size, closes_at,
                    firm_only, proposed_by, proposed_key, proposed_note)
                VALUES (@Kind, @MarketId, @Outcome, @Question, @hash, @outcomes, @TickSize, @closesAt, @firmOnly, @Actor, @Key, @Note)
                ON CONFLICT DO NOTHING RETURNING proposal_id
                """,
                new
                {
                    proposal.Kind,
                    proposal.MarketId,
                    Outcome = (short?)proposal.Outcome,
                    proposal.Market?.Question,
                    hash = proposal.Market?.QuestionHash.ToBytes(),
                    outcomes = proposal.Market?.Outcomes.ToArray(),
                    proposal.Market?.TickSize,
                    closesAt = proposal.Market?.ClosesAt?.UtcDateTime,
                    firmOnly = proposal.Market is { FirmOnly: true },
                    by.Actor,
                    by.Key,
                    proposal.Note,
                },
                transaction
            )
        );
        if (id is not { } added)
            return (0, Conflict("A proposal about this is open already; it can be withdrawn."));
        await RecordAsync(added, proposal.Kind, proposal.MarketId, "none", ProposalStates.Proposed, by, proposal.Note, transaction);
        await transaction.CommitAsync(cancellationToken);
        return (added, null);
    }

    /// <returns>Null if it was done.</returns>
    public async Task<Problem?> ActAsync(long id, ProposalAct act, Operator by, Func<ProposalRow, Problem?> judge, DateTimeOffset now)
    {
        await using var transaction = await connection.BeginBriefTransactionAsync(cancellationToken);
        // Locked, so that of two acts at the same time the second is judged by what the first has left.
        await connection.ExecuteAsync(
            Command("SELECT 1 FROM market_proposals WHERE proposal_id = @id FOR UPDATE", new { id }, transaction)
        );
        if (await FindAsync(id, transaction) is not { } row)
            return Problem.NotFound($"No proposal has the id {id}.");
        if (judge(row) is { } problem)
            return problem;
        var (change, after) = act.Action switch
        {
            ProposalActions.Approve => (
                "approved_by = @Actor, approved_key = @Key, approved_at = now(), approved_note = @Note",
                ProposalStates.Approved
            ),
            ProposalActions.Sent => ("tx_hash = @hash, sender = @sender, sent_at = now()", ProposalStates.Sent),
            _ => ("ended = 'withdrawn', ended_at = now()", ProposalStates.Withdrawn),
        };
        await connection.ExecuteAsync(
            Command(
                $"UPDATE market_proposals SET {change} WHERE proposal_id = @id",
                new
                {
                    id,
                    by.Actor,
                    by.Key,
                    act.Note,
                    hash = act.Transaction?.ToBytes(),
                    sender = act.From?.ToBytes(),
                },
                transaction
            )
        );
        await RecordAsync(id, row.Kind, row.MarketId, row.FactsAt(now).State, after, by, act.Note, transaction);
        await transaction.CommitAsync(cancellationToken);
        return null;
    }

    private async Task<Problem?> JudgeEndAsync(Proposal proposal, NpgsqlTransaction transaction)
    {
        var market = await connection.QuerySingleOrDefaultAsync<(short State, int Outcomes, bool IsHere)?>(
            Command(
                """
                SELECT state, cardinality(outcomes), generation = (SELECT max(generation) FROM deployments)
                FROM markets WHERE market_id = @MarketId
                """,
                new { proposal.MarketId },
                transaction
            )
        );
        return market switch
        {
            null => Problem.NotFound($"No market has the id {proposal.MarketId}."),
            { IsHere: false } => Conflict("The market's chain is gone."),
            { } one when Names.OfMarketState(one.State) == MarketStates.Resolved => Conflict("The market is resolved for ever."),
            { } one when proposal.Outcome < 0 || proposal.Outcome >= one.Outcomes => Problem.Malformed(
                $"outcome must be from 0 to {one.Outcomes - 1}."
            ),
            _ => null,
        };
    }

    private async Task<Problem?> JudgeNewAsync(ProposedMarket market, NpgsqlTransaction transaction)
    {
        if (market.FirmOnly && !await HasVaultAsync(transaction))
            return Conflict("No vault is used here, so no market can be firm only.");
        var (open, isKnown) = await connection.QuerySingleAsync<(long Open, bool IsKnown)>(
            Command(
                """
                SELECT (SELECT count(*) FROM market_proposals WHERE kind = 'create' AND ended IS NULL),
                    EXISTS (SELECT FROM markets WHERE question = @Question
                        AND generation = (SELECT max(generation) FROM deployments))
                """,
                new { market.Question },
                transaction
            )
        );
        return open >= ProposalRules.MaxOpenCreations
                ? Conflict($"{ProposalRules.MaxOpenCreations} markets are proposed already; approve or withdraw some.")
            : isKnown ? Conflict("The question has a market already.")
            : null;
    }

    private Task RecordAsync(
        long id,
        string kind,
        int? market,
        string from,
        string to,
        Operator by,
        string note,
        NpgsqlTransaction transaction
    ) =>
        connection.ExecuteAsync(
            Command(
                """
                INSERT INTO market_audit (market_id, proposal_id, actor, key_name, action, from_state, to_state, note)
                VALUES (@market, @id, @Actor, @Key, @kind || '_' || @to, @from, @to, @note)
                """,
                new
                {
                    id,
                    kind,
                    market,
                    from,
                    to,
                    by.Actor,
                    by.Key,
                    note,
                },
                transaction
            )
        );

    private CommandDefinition Command(string sql, object? parameters = null, NpgsqlTransaction? transaction = null) =>
        new(sql, parameters, transaction, cancellationToken: cancellationToken);

    private static Problem Conflict(string reason) => new(ProblemRules.StateConflict, reason);
}
