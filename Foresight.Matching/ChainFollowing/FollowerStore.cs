using Dapper;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Orders;
using Npgsql;

namespace Foresight.Matching.ChainFollowing;

public sealed record RestingOrder(Hash32 Hash, Address Maker, int MarketId);

public sealed record LostMarket(int Id, int Shard);

/// <summary>Reads at the primary: a stale read would repeat or skip a step.</summary>
public sealed class FollowerStore(NpgsqlDataSource primary)
{
    public async Task<BlockMark?> ReadCursorAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<(long Number, byte[] Hash)?>(
            new CommandDefinition(
                "SELECT block_number, block_hash FROM chain_cursors WHERE name = @Follower",
                new { ChainCursors.Follower },
                cancellationToken: cancellationToken
            )
        );
        return row is { } cursor ? new BlockMark(cursor.Number, new Hash32(cursor.Hash)) : null;
    }

    /// <summary>Whether an operator has allowed a reorganisation beyond finality that undid this block.</summary>
    public async Task<bool> MayUndoAsync(Hash32 block, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(
                "SELECT EXISTS (SELECT FROM settlement_status WHERE allowed_block = @block)",
                new { block = block.ToBytes() },
                cancellationToken: cancellationToken
            )
        );
    }

    public async Task<IReadOnlyList<BlockMark>> ReadMarksAsync(long from, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(long Number, byte[] Hash)>(
            new CommandDefinition(
                "SELECT block_number, block_hash FROM chain_blocks WHERE block_number >= @from ORDER BY block_number DESC",
                new { from },
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new BlockMark(r.Number, new Hash32(r.Hash)))];
    }

    /// <summary>
    /// Excludes trades whose batch was in a block that a reorganisation replaced: they may have settled in another one. A trade of a purse
    /// waits until its failure is final: if that is undone, what we have sent settles it, from money that another trade may need then.
    /// </summary>
    /// <param name="finalBlock">The newest block that no reorganisation undoes without an operator.</param>
    /// <param name="handled">Left out while they wait.</param>
    public async Task<IReadOnlyList<(long TradeId, string? Reason, bool Waits)>> ReadToBustAsync(
        long confirmedBlock,
        long finalBlock,
        IReadOnlyCollection<long> handled,
        int limit,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<(long, string?, bool)>(
                new CommandDefinition(
                    """
                    SELECT t.trade_id, t.settlement_reason, w.waits FROM trades t
                    CROSS JOIN LATERAL (SELECT coalesce(greatest(t.block_number, t.refused_block) > @finalBlock, false)
                        AND EXISTS (SELECT FROM fills f WHERE f.trade_id = t.trade_id AND f.purse = 1) AS waits) w
                    LEFT JOIN settlement_batches b ON b.batch_id = t.batch_id AND b.block_number = t.block_number
                    LEFT JOIN chain_blocks c ON c.block_number = t.block_number
                    WHERE NOT t.closed AND t.settlement = 'failed' AND (t.block_number IS NULL OR t.block_number <= @confirmedBlock)
                      AND coalesce(b.block_hash = c.block_hash, true) AND NOT (w.waits AND t.trade_id = ANY (@handled))
                    ORDER BY t.trade_id LIMIT @limit
                    """,
                    new
                    {
                        confirmedBlock,
                        finalBlock,
                        handled = handled.ToArray(),
                        limit,
                    },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<Dictionary<long, FailedTrade>> ReadFailedAsync(
        IReadOnlyCollection<long> tradeIds,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(long Id, int Market, DateTime At, long? Block)>(
            new CommandDefinition(
                "SELECT trade_id, market_id, executed_at, block_number FROM trades WHERE trade_id = ANY (@ids)",
                new { ids = tradeIds.ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return rows.ToDictionary(r => r.Id, r => new FailedTrade(r.Id, r.Market, new DateTimeOffset(r.At), r.Block));
    }

    /// <summary>
    /// A cancel that the maker requested here may have leaked from here, so that it proves nothing against the maker when others send it to
    /// the chain. The salt's tombstone shows it, because a cancel that meets a filled order leaves the order as it is.
    /// </summary>
    /// <param name="observed">Ids of the command by which the follower reports the chain's cancel, which leaves a tombstone too.</param>
    public async Task<bool> MayHaveCancelledHereAsync(Hash32 order, Guid[] observed, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(
                """
                SELECT EXISTS (
                    SELECT 1 FROM orders o JOIN accounts a USING (account_id)
                    JOIN salt_tombstones t ON t.market_id = o.market_id AND t.maker = a.address AND t.salt_tag = o.salt_tag
                    JOIN commands c ON c.shard = t.shard AND c.sequence = t.sequence
                    WHERE o.order_hash = @hash AND c.request_id <> ALL (@observed))
                """,
                new { hash = order.ToBytes(), observed },
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>All the account's orders in the trade, because the failure does not show which of them has the invalid signature.</summary>
    public async Task<bool> SignedByContractAsync(long tradeId, Address account, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(
                """
                SELECT coalesce(bool_and(o.signed_by_contract), false)
                FROM fills f JOIN orders o USING (order_id) JOIN accounts a ON a.account_id = f.account_id
                WHERE f.trade_id = @tradeId AND a.address = @account
                """,
                new { tradeId, account = account.ToBytes() },
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>
    /// Being blocked by the token's issuer is no offence; ordering again after a trade failed for that reason is (docs/decisions/0661).
    /// </summary>
    public async Task<bool> WasRefusedBeforeAsync(long tradeId, Address account, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(
                """
                SELECT EXISTS (
                    SELECT 1 FROM fills f JOIN orders o USING (order_id) JOIN accounts a ON a.account_id = f.account_id
                    JOIN trades p ON p.settlement = 'failed' AND p.settlement_reason = ANY (@reasons)
                        AND p.settlement_changed_at < o.accepted_at
                    WHERE f.trade_id = @tradeId AND a.address = @account)
                """,
                new
                {
                    tradeId,
                    account = account.ToBytes(),
                    reasons = new[]
                    {
                        $"{SettlementFailure.TransferRefused}:{account.ToLowerHex()}",
                        $"{SettlementFailure.PayoutRefused}:{account.ToLowerHex()}",
                    },
                },
                cancellationToken: cancellationToken
            )
        );
    }

    public async Task<HashSet<Address>> ReadKnownAccountsAsync(IReadOnlyCollection<Address> accounts, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var known = await connection.QueryAsync<byte[]>(
            new CommandDefinition(
                "SELECT address FROM accounts WHERE address = ANY (@all)",
                new { all = accounts.Select(a => a.ToBytes()).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return [.. known.Select(a => new Address(a))];
    }

    public async Task<IReadOnlyList<Address>> ReadAllAccountsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. (
                await connection.QueryAsync<byte[]>(
                    new CommandDefinition("SELECT address FROM accounts ORDER BY account_id", cancellationToken: cancellationToken)
                )
            ).Select(a => new Address(a)),
        ];
    }

    public async Task<Dictionary<AssetKey, long>> ReadOwnedAsync(IReadOnlyCollection<Address> accounts, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, short Purse, long Owned)>(
            new CommandDefinition(
                """
                SELECT a.address, b.market_id, b.outcome, b.purse, sum(b.owned)::bigint FROM balances b JOIN accounts a USING (account_id)
                WHERE a.address = ANY (@all) GROUP BY a.address, b.market_id, b.outcome, b.purse
                """,
                new { all = accounts.Select(a => a.ToBytes()).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return rows.ToDictionary(r => new AssetKey(new Address(r.Address), r.Market, r.Outcome, (Engine.Purse)r.Purse), r => r.Owned);
    }

    public async Task<long?> ReadReobserveAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(
            new CommandDefinition(
                "SELECT block_number FROM chain_cursors WHERE name = @Reobserve",
                new { ChainCursors.Reobserve },
                cancellationToken: cancellationToken
            )
        );
    }

    /// <summary>Nothing in the markets of a lost chain can ever be settled.</summary>
    public async Task<IReadOnlyList<LostMarket>> ReadMarketsOfLostChainsAsync(int generation, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return
        [
            .. await connection.QueryAsync<LostMarket>(
                new CommandDefinition(
                    """
                    SELECT market_id AS id, shard::int AS shard FROM markets
                    WHERE generation < @generation AND state IN (0, 1) AND listed_sequence IS NOT NULL ORDER BY market_id
                    """,
                    new { generation },
                    cancellationToken: cancellationToken
                )
            ),
        ];
    }

    public async Task<bool> HasAnnouncedKeysAsync(long from, long to, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(
                "SELECT EXISTS (SELECT FROM signing_keys WHERE block_number > @from AND block_number <= @to)",
                new { from, to },
                cancellationToken: cancellationToken
            )
        );
    }

    public async Task<IReadOnlyList<RestingOrder>> ReadRestingOfFormerKeysAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Hash, byte[] Maker, int Market)>(
            new CommandDefinition(
                """
                SELECT o.order_hash, a.address, o.market_id FROM orders o JOIN accounts a USING (account_id)
                WHERE o.signing_key IS NOT NULL AND o.status IN (0, 1) AND o.signing_key IS DISTINCT FROM signing_key_of(a.address)
                """,
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new RestingOrder(new Hash32(r.Hash), new Address(r.Maker), r.Market))];
    }

    public async Task<IReadOnlyList<RestingOrder>> ReadRestingAsync(IReadOnlyCollection<Hash32> hashes, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Hash, byte[] Maker, int Market)>(
            new CommandDefinition(
                """
                SELECT o.order_hash, a.address, o.market_id FROM orders o JOIN accounts a USING (account_id)
                WHERE o.order_hash = ANY (@all) AND o.status IN (0, 1)
                """,
                new { all = hashes.Select(h => h.ToBytes()).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new RestingOrder(new Hash32(r.Hash), new Address(r.Maker), r.Market))];
    }
}
