using Foresight.Chain;
using Foresight.Matching.Leadership;
using Foresight.Protocol;
using Npgsql;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Changes of withdrawals that no message was sent of, whichever node and stage has written them. What is returned is marked as sent, under
/// the fence: a change is in at most one message, also when the term ends, and one of before a failover is still found after it.
/// </summary>
public sealed class WithdrawalChanges(NpgsqlDataSource primary)
{
    /// <summary>Of each kind; the next look takes the rest.</summary>
    public const int MostPerLook = 500;

    private const string OfCoSigned = """
        SET published = d.after FROM due d, accounts a
        WHERE (w.account_id, w.nonce) = (d.account_id, d.nonce) AND a.account_id = w.account_id
        RETURNING a.address, w.market_id, w.outcome, w.units, extract(epoch FROM w.deadline)::bigint, w.nonce, w.paid_block,
            d.before, d.after
        """;

    private const string OfRequests = """
        FROM due d WHERE (v.block_number, v.log_index) = (d.block_number, d.log_index)
        RETURNING v.address, v.market_id, v.outcome, v.units, extract(epoch FROM v.ready_at)::bigint, v.ready_block, v.block_number,
            v.log_index, v.tx_hash, v.published
        """;

    private const short Ready = 4;

    private static readonly string[] Statements =
    [
            // Others write these rows meanwhile: one that is locked is found at the next look.
            $"""
            WITH due AS (
                SELECT account_id, nonce, published AS before, stage AS after FROM withdrawals
                WHERE published IS DISTINCT FROM stage AND (published IS DISTINCT FROM 2 OR stage > 1)
                ORDER BY granted_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            UPDATE withdrawals w {OfCoSigned}
            """,
        $"""
            WITH due AS (
                SELECT account_id, nonce, published AS before, 2::smallint AS after FROM withdrawals
                WHERE stage <= 1 AND published < 2 AND deadline < clock_timestamp()
                ORDER BY deadline LIMIT $1 FOR UPDATE SKIP LOCKED)
            UPDATE withdrawals w {OfCoSigned}
            """,
        $"""
            WITH due AS (
                SELECT block_number, log_index FROM vault_leaving WHERE published IS NULL
                ORDER BY block_number, log_index LIMIT $1 FOR UPDATE SKIP LOCKED)
            UPDATE vault_leaving v SET published = v.state {OfRequests}
            """,
        $"""
            WITH due AS (
                SELECT block_number, log_index FROM vault_leaving
                WHERE next_block IS NULL AND state = 0 AND published = 0 AND ready_at <= clock_timestamp()
                    AND ready_block <= (SELECT head_block FROM settlement_status WHERE only_row)
                ORDER BY ready_at LIMIT $1 FOR UPDATE SKIP LOCKED)
            UPDATE vault_leaving v SET published = {Ready} {OfRequests}
            """,
    ];

    /// <exception cref="PostgresException">FS001: this node no longer holds the term; nothing is marked.</exception>
    public async Task<IReadOnlyList<WithdrawalUpdate>> TakeAsync(Term term, CancellationToken cancellationToken)
    {
        await using var batch = primary.CreateBatch();
        batch.BatchCommands.Add(Fence.Assert(term));
        foreach (var statement in Statements)
            batch.BatchCommands.Add(SettlementJournal.Sql(statement, MostPerLook));
        var updates = new List<WithdrawalUpdate>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await ReadCoSignedAsync(reader, updates, cancellationToken);
        await ReadCoSignedAsync(reader, updates, cancellationToken);
        await ReadRequestsAsync(reader, updates, cancellationToken);
        await ReadRequestsAsync(reader, updates, cancellationToken);
        return updates;
    }

    private static async Task ReadCoSignedAsync(
        NpgsqlDataReader reader,
        List<WithdrawalUpdate> updates,
        CancellationToken cancellationToken
    )
    {
        while (await reader.ReadAsync(cancellationToken))
        {
            var before = reader.IsDBNull(7) ? null : (WithdrawalStage?)reader.GetInt16(7);
            var update = UpdateOf(reader, WithdrawalKinds.CoSignature) with { Nonce = $"{unchecked((ulong)reader.GetInt64(5))}" };
            var paid = reader.IsDBNull(6) ? (long?)null : reader.GetInt64(6);
            foreach (var stage in WithdrawalSteps.Between(before, (WithdrawalStage)reader.GetInt16(8)))
                updates.Add(update with { State = StateOf(stage), Block = stage >= WithdrawalStage.Paying ? paid : null });
        }

        await reader.NextResultAsync(cancellationToken);
    }

    private static async Task ReadRequestsAsync(
        NpgsqlDataReader reader,
        List<WithdrawalUpdate> updates,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<(long Block, int LogIndex, WithdrawalUpdate Update)>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(
                (
                    reader.GetInt64(6),
                    reader.GetInt32(7),
                    UpdateOf(reader, WithdrawalKinds.Request) with
                    {
                        State = StateOf(reader.GetInt16(9)),
                        ReadyBlock = reader.GetInt64(5),
                        Block = reader.GetInt64(6),
                        TransactionHash = new Hash32(reader.GetFieldValue<byte[]>(8)).ToString(),
                    }
                )
            );
        // An UPDATE returns its rows in any order.
        updates.AddRange(rows.OrderBy(row => (row.Block, row.LogIndex)).Select(row => row.Update));
        await reader.NextResultAsync(cancellationToken);
    }

    private static WithdrawalUpdate UpdateOf(NpgsqlDataReader reader, string kind)
    {
        var (market, outcome, units) = (reader.GetInt32(1), reader.GetInt16(2), reader.GetInt64(3));
        return new WithdrawalUpdate(
            new Address(reader.GetFieldValue<byte[]>(0)).ToString(),
            market == 0 ? "USDC" : $"{market}:{outcome}",
            market == 0 ? Decimals.Usdc(units) : Decimals.Shares(units),
            kind,
            State: "",
            DateTimeOffset.FromUnixTimeSeconds(reader.GetInt64(4)),
            ReadyBlock: null,
            Nonce: null,
            Block: null,
            TransactionHash: null
        );
    }

    private static string StateOf(WithdrawalStage stage) =>
        stage switch
        {
            WithdrawalStage.Granted => WithdrawalStates.Granted,
            WithdrawalStage.CoSigned => WithdrawalStates.CoSigned,
            WithdrawalStage.Expired => WithdrawalStates.Expired,
            WithdrawalStage.Paying => WithdrawalStates.Paying,
            WithdrawalStage.Paid => WithdrawalStates.Paid,
            _ => WithdrawalStates.Lapsed,
        };

    private static string StateOf(short published) =>
        published switch
        {
            0 => WithdrawalStates.Leaving,
            1 => WithdrawalStates.Cancelled,
            2 => WithdrawalStates.Finished,
            3 => WithdrawalStates.Drawn,
            _ => WithdrawalStates.Ready,
        };
}
