using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Settlement;
using Npgsql;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Brings operators' proposals to the end that the chain has decided, by the events of confirmed blocks alone (docs/decisions/0732): which
/// transaction a wallet has reported does not matter here.
/// </summary>
public sealed partial class MarketProposals(SettlementContext settlement)
{
    // The newest approval, if a lapsed proposal and its successor have the same question.
    private const string List = """
        WITH chosen AS (
            SELECT DISTINCT ON (c.address) c.address, c.block, p.proposal_id, p.question, p.outcomes, p.tick_size, p.closes_at,
                p.firm_only
            FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bigint[]) AS c (address, question_hash, outcomes, block)
            JOIN market_proposals p ON p.kind = 'create' AND p.question_hash = c.question_hash
                AND cardinality(p.outcomes) = c.outcomes
            WHERE p.approved_at IS NOT NULL AND p.market_id IS NULL AND p.ended IS DISTINCT FROM 'withdrawn'
            ORDER BY c.address, p.approved_at DESC),
        listed AS (
            INSERT INTO markets (market_id, shard, address, question, outcomes, tick_size, closes_at, firm_only, generation)
            SELECT id, (id - 1) % shard_count(), address, question, outcomes, tick_size, closes_at, firm_only, $5
            FROM (SELECT *, (SELECT coalesce(max(market_id), 0) FROM markets) + row_number() OVER (ORDER BY proposal_id) AS id
                FROM chosen) AS numbered
            ON CONFLICT (address) DO NOTHING RETURNING market_id, address),
        ended AS (
            UPDATE market_proposals p SET market_id = l.market_id, ended = 'done', ended_at = now(), ended_block = c.block
            FROM listed l JOIN chosen c USING (address) WHERE p.proposal_id = c.proposal_id RETURNING p.proposal_id, p.market_id)
        UPDATE market_audit a SET market_id = e.market_id FROM ended e WHERE a.proposal_id = e.proposal_id
        """;

    private const string End = """
        UPDATE market_proposals p SET ended_at = now(), ended_block = e.block,
            ended = CASE WHEN p.outcome IS NOT DISTINCT FROM e.outcome THEN 'done' ELSE 'superseded' END
        FROM unnest($1::int[], $2::smallint[], $3::bigint[]) AS e (market_id, outcome, block)
        WHERE p.market_id = e.market_id AND p.kind <> 'create' AND p.ended IS NULL
        """;

    /// <summary>A step that is repeated, because the leader did not answer, must not count its markets again.</summary>
    private readonly HashSet<Address> _unproposed = [];

    /// <returns>
    /// True: one of them is listed, and not in the deployment that is followed; settlement starts again with it at once.
    /// </returns>
    public async Task<bool> ListAsync(IReadOnlyList<CreatedMarket> created, CancellationToken cancellationToken)
    {
        await settlement.Journal.ExecuteAsync(
            settlement.Term,
            cancellationToken,
            SettlementJournal.Sql(
                List,
                created.Select(c => c.Address.ToBytes()).ToArray(),
                created.Select(c => c.QuestionHash.ToBytes()).ToArray(),
                created.Select(c => c.Outcomes).ToArray(),
                created.Select(c => c.Block).ToArray(),
                settlement.Deployment.Generation
            )
        );
        var listed = await ReadListedAsync(created, cancellationToken);
        foreach (var one in created.Where(c => !listed.ContainsKey(c.Address) && _unproposed.Add(c.Address)))
        {
            Log.Unproposed(settlement.Logger, one.Address, one.QuestionHash, one.Block);
            settlement.Metrics.UnproposedMarket();
        }

        foreach (var (address, id) in listed)
            Log.Listed(settlement.Logger, id, address);
        return listed.Count > 0;
    }

    /// <summary>Repeating it changes nothing: it ends open proposals only.</summary>
    public async Task EndAsync(BlockFacts facts, CancellationToken cancellationToken)
    {
        (int Market, short? Outcome, long Block)[] ends =
        [
            .. facts.Resolutions.Select(r =>
                (settlement.Deployment.Find(r.Position.Market)!.Id, (short?)r.OutcomeIndex, r.Position.BlockNumber)
            ),
            .. facts.Invalidations.Select(i => (settlement.Deployment.Find(i.Position.Market)!.Id, (short?)null, i.Position.BlockNumber)),
        ];
        if (ends.Length > 0)
            await settlement.Journal.ExecuteAsync(
                settlement.Term,
                cancellationToken,
                SettlementJournal.Sql(
                    End,
                    ends.Select(e => e.Market).ToArray(),
                    ends.Select(e => e.Outcome).ToArray(),
                    ends.Select(e => e.Block).ToArray()
                )
            );
    }

    /// <summary>
    /// Opens again what undone blocks had ended, where nothing newer is open. A market that was listed stays listed: its transaction is
    /// mined again, or its contract is not there and settlement reports that.
    /// </summary>
    internal static NpgsqlBatchCommand Undo(long ancestor) =>
        SettlementJournal.Sql(
            """
            UPDATE market_proposals p SET ended = NULL, ended_at = NULL, ended_block = NULL
            WHERE ended_block > $1 AND kind <> 'create'
              AND NOT EXISTS (SELECT FROM market_proposals o WHERE o.market_id = p.market_id AND o.kind <> 'create' AND o.ended IS NULL)
            """,
            ancestor
        );

    private async Task<IReadOnlyDictionary<Address, int>> ReadListedAsync(
        IReadOnlyList<CreatedMarket> created,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await settlement.Database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, int Id)>(
            new CommandDefinition(
                "SELECT address, market_id FROM markets WHERE address = ANY (@addresses)",
                new { addresses = created.Select(c => c.Address.ToBytes()).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return rows.ToDictionary(row => new Address(row.Address), row => row.Id);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Market {Market} at {Address} is listed; settlement starts again with it.")]
        public static partial void Listed(ILogger logger, int market, Address address);

        [LoggerMessage(
            LogLevel.Warning,
            "Market {Address} was created on chain in block {Block} without an approval of its question {QuestionHash}: not listed."
        )]
        public static partial void Unproposed(ILogger logger, Address address, Hash32 questionHash, long block);
    }
}
