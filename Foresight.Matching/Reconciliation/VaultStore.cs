using System.Data;
using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Engine;
using Npgsql;

namespace Foresight.Matching.Reconciliation;

/// <summary>What the journal believes of the vault.</summary>
public sealed class VaultStore(Deployment deployment, NpgsqlDataSource primary)
{
    /// <summary>The engine has fewer open ones; those that ended are compared for a day.</summary>
    private const int MostWithdrawals = 20_000;

    /// <summary>
    /// The engine lets go of a withdrawal when a final block is past its deadline, so one that is still held so long after is held by
    /// mistake.
    /// </summary>
    private static readonly TimeSpan OverdueAfter = TimeSpan.FromHours(1);

    /// <returns>Null while a reorganisation is being followed: the journal then still contains what it undid.</returns>
    /// <exception cref="InconsistentChainException">Nothing has been followed yet.</exception>
    public async Task<VaultJournal?> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var cursor = await connection.QuerySingleOrDefaultAsync<(long Number, byte[]? Hash, long? Time, bool Reobserves, int Shards)>(
            Command(
                """
                SELECT block_number, block_hash, block_time, EXISTS (SELECT FROM chain_cursors WHERE name = @Reobserve),
                    shard_count()::int
                FROM chain_cursors WHERE name = @Follower
                """,
                new { ChainCursors.Follower, ChainCursors.Reobserve }
            )
        );
        if (cursor.Hash is null)
            throw new InconsistentChainException("The chain has not been followed yet.");
        if (cursor.Reobserves)
            return null;
        var block = new BlockMark(cursor.Number, new Hash32(cursor.Hash));
        if (cursor.Shards > 1)
            return new VaultJournal(
                block,
                IsFollowed: false,
                [],
                new Dictionary<AssetKey, KnownRequest>(),
                [],
                new HashSet<AssetKey>(),
                new Dictionary<AssetKey, long>()
            );
        var of = new
        {
            block = cursor.Number,
            blockTime = cursor.Time ?? 0,
            observed = cursor.Number + deployment.BlockOffset,
            markets = deployment.Markets.Select(m => m.Id).ToArray(),
            chainId = deployment.ChainId,
            OverdueAfter,
            MostWithdrawals,
        };
        var ledger = await ReadLedgerAsync(connection, Command, of);
        var requests = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, long Units, long Block, long Time)>(
            Command(
                """
                SELECT address, market_id, outcome, units, ready_block, extract(epoch FROM ready_at)::bigint
                FROM vault_leaving WHERE next_block IS NULL AND state = 0 AND (market_id = 0 OR market_id = ANY (@markets))
                """,
                of
            )
        );
        var withdrawals = await ReadWithdrawalsAsync(connection, Command, of);
        var unsettled = await connection.QueryAsync<(byte[] Address, int Market, short Outcome)>(
            Command("SELECT address, market_id, outcome FROM unconfirmed_decreases WHERE purse = 1", of)
        );
        var waiting = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, long Units)>(
            Command("SELECT address, market_id, outcome, sum(units)::bigint FROM vault_waiting GROUP BY address, market_id, outcome", of)
        );
        return new VaultJournal(
            block,
            IsFollowed: true,
            ledger,
            requests
                .Select(r => new KnownRequest(Key(r.Address, r.Market, r.Outcome), r.Units, r.Block, r.Time))
                .ToDictionary(r => r.Asset),
            withdrawals,
            unsettled.Select(u => Key(u.Address, u.Market, u.Outcome)).ToHashSet(),
            waiting.ToDictionary(w => Key(w.Address, w.Market, w.Outcome), w => w.Units)
        );

        CommandDefinition Command(string sql, object values) => new(sql, values, snapshot, cancellationToken: cancellationToken);
    }

    private static async Task<IReadOnlyList<LedgerPurse>> ReadLedgerAsync(
        NpgsqlConnection connection,
        Func<string, object, CommandDefinition> command,
        object of
    )
    {
        var rows = await connection.QueryAsync<(
            byte[] Address,
            int Market,
            short Outcome,
            long Owned,
            long Held,
            long CoSigned,
            long InFlight,
            bool Ahead
        )>(
            command(
                $"""
                {BalanceChecker.Moving},
                held AS (
                    SELECT account_id, market_id, outcome, sum(units)::bigint AS co_signed, 0 AS in_flight,
                        coalesce(sum(units) FILTER (WHERE paid_block <= @block), 0)::bigint AS paid
                    FROM withdrawals WHERE state = 0 GROUP BY account_id, market_id, outcome
                    UNION ALL
                    SELECT f.account_id, CASE WHEN f.is_buy THEN 0 ELSE t.market_id END, CASE WHEN f.is_buy THEN 255 ELSE f.outcome END,
                        0, sum(f.quantity_lots * CASE WHEN f.is_buy THEN f.price_ticks ELSE 1 END)::bigint, 0
                    FROM trades t JOIN fills f USING (trade_id) WHERE NOT t.closed AND f.purse = 1
                    GROUP BY 1, 2, 3),
                sums AS (
                    SELECT account_id, market_id, outcome, sum(co_signed)::bigint AS co_signed, sum(in_flight)::bigint AS in_flight,
                        sum(paid)::bigint AS paid
                    FROM held GROUP BY account_id, market_id, outcome),
                ledger AS (
                    SELECT account_id, market_id, outcome, sum(owned)::bigint AS owned, sum(trade_hold)::bigint AS held,
                        max(observed_block) AS observed
                    FROM balances WHERE purse = 1 GROUP BY account_id, market_id, outcome)
                SELECT a.address, market_id, outcome::smallint, (coalesce(l.owned, 0) - coalesce(s.paid, 0))::bigint,
                    (coalesce(l.held, 0) - coalesce(s.paid, 0))::bigint, (coalesce(s.co_signed, 0) - coalesce(s.paid, 0))::bigint,
                    coalesce(s.in_flight, 0)::bigint,
                    a.account_id IN (SELECT account_id FROM moving) OR coalesce(l.observed, 0) > @observed
                        OR EXISTS (SELECT FROM unconfirmed_decreases d
                            WHERE (d.address, d.market_id, d.outcome, d.purse) = (a.address, market_id, outcome, 1))
                FROM ledger l FULL JOIN sums s USING (account_id, market_id, outcome) JOIN accounts a USING (account_id)
                WHERE market_id = 0 OR market_id = ANY (@markets)
                ORDER BY a.account_id, market_id, outcome
                """,
                of
            )
        );
        return
        [
            .. rows.Select(r => new LedgerPurse(Key(r.Address, r.Market, r.Outcome), r.Owned, r.Held, r.CoSigned, r.InFlight, r.Ahead)),
        ];
    }

    private static async Task<IReadOnlyList<(JournalWithdrawal, long)>> ReadWithdrawalsAsync(
        NpgsqlConnection connection,
        Func<string, object, CommandDefinition> command,
        object of
    )
    {
        // Those of a development chain that was lost were of another vault.
        var rows = await connection.QueryAsync<(
            byte[] Address,
            int Market,
            short Outcome,
            long Nonce,
            long Units,
            long Deadline,
            short State,
            bool Spent,
            bool Overdue,
            long GrantedAt
        )>(
            command(
                """
                SELECT a.address, w.market_id, w.outcome, w.nonce, w.units, extract(epoch FROM w.deadline)::bigint, w.state,
                    w.state = 1 OR coalesce(w.spent_block <= @block, false),
                    w.state = 0 AND w.paid_block IS NULL AND w.deadline + @OverdueAfter < least(now(), to_timestamp(@blockTime)),
                    extract(epoch FROM w.granted_at)::bigint
                FROM withdrawals w JOIN accounts a USING (account_id)
                WHERE (w.market_id = 0 OR w.market_id = ANY (@markets)) AND (w.state = 0 OR w.deadline > now() - interval '1 day')
                    AND w.granted_at >= (SELECT created_at FROM deployments WHERE chain_id = @chainId)
                ORDER BY w.state, w.deadline DESC LIMIT @MostWithdrawals
                """,
                of
            )
        );
        return
        [
            .. rows.Select(r =>
                (
                    new JournalWithdrawal(
                        Key(r.Address, r.Market, r.Outcome),
                        unchecked((ulong)r.Nonce),
                        r.Units,
                        r.Deadline,
                        r.State,
                        r.Spent,
                        r.Overdue
                    ),
                    r.GrantedAt
                )
            ),
        ];
    }

    /// <summary>What earlier runs have read, up to the cursor: the rows above it are of blocks that were undone.</summary>
    public async Task<VaultScan?> ReadScanAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var cursor = await connection.QuerySingleOrDefaultAsync<(long Number, byte[]? Hash)>(
            new CommandDefinition(
                "SELECT block_number, block_hash FROM chain_cursors WHERE name = @Vault",
                new { ChainCursors.Vault },
                cancellationToken: cancellationToken
            )
        );
        if (cursor.Hash is null)
            return null;
        var of = new { deployment.Generation, cursor.Number };
        var accounts = await connection.QueryAsync<(byte[] Address, long Block)>(
            new CommandDefinition(
                "SELECT address, block_number FROM vault_accounts WHERE generation = @Generation AND block_number <= @Number",
                of,
                cancellationToken: cancellationToken
            )
        );
        var markets = await connection.QueryAsync<(byte[] Address, short Outcomes, long Block)>(
            new CommandDefinition(
                "SELECT address, outcomes, block_number FROM vault_markets WHERE generation = @Generation AND block_number <= @Number",
                of,
                cancellationToken: cancellationToken
            )
        );
        return new VaultScan(
            new BlockMark(cursor.Number, new Hash32(cursor.Hash)),
            accounts.ToDictionary(a => new Address(a.Address), a => a.Block),
            markets.ToDictionary(m => new Address(m.Address), m => ((int)m.Outcomes, m.Block))
        );
    }

    private static AssetKey Key(byte[] address, int market, short outcome) => new(new Address(address), market, outcome, Purse.Vault);
}
