using Dapper;
using Foresight.Chain;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.ChainFollowing;

public sealed class WaitingStore(NpgsqlDataSource primary)
{
    public async Task<IReadOnlyList<WaitingIncrease>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, long Block, long Units, long Trade)>(
            new CommandDefinition(
                "SELECT address, market_id, outcome, block_number, units, trade_id FROM vault_waiting",
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new WaitingIncrease(Key(r.Address, r.Market, r.Outcome), r.Block, r.Units, r.Trade))];
    }

    /// <summary>
    /// Payments of trades that the engine has closed as settled and that a reorganisation undid. Each may be settled again at any time, so
    /// its payment waits until then, or until its failure is final.
    /// </summary>
    /// <param name="settled">Trades that the blocks which are observed have.</param>
    public async Task<IReadOnlyList<WaitingIncrease>> ReadUndoneAsync(
        IReadOnlyCollection<long> settled,
        long final,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, long Trade, long Units)>(
            new CommandDefinition(
                $"""
                WITH undone AS (
                    SELECT trade_id, market_id FROM trades WHERE closed AND settlement NOT IN ('final', 'failed')
                    UNION
                    SELECT trade_id, market_id FROM trades t WHERE closed AND settlement = 'failed' AND block_number > @final
                        AND NOT EXISTS (SELECT FROM vault_waiting w WHERE w.trade_id = t.trade_id))
                SELECT a.address, {MarketOfPayment}, {OutcomeOfPayment}, t.trade_id, {UnitsOfPayment}
                FROM undone t JOIN fills f USING (trade_id) JOIN accounts a ON a.account_id = f.account_id JOIN markets m USING (market_id)
                WHERE f.purse = 1 AND t.trade_id <> ALL (@settled) AND m.generation = (SELECT max(generation) FROM deployments)
                GROUP BY 1, 2, 3, 4
                """,
                new { settled = settled.ToArray(), final },
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new WaitingIncrease(Key(r.Address, r.Market, r.Outcome), long.MaxValue, r.Units, r.Trade))];
    }

    private const string MarketOfPayment = "CASE WHEN f.is_buy THEN 0 ELSE t.market_id END";
    private const string OutcomeOfPayment = "(CASE WHEN f.is_buy THEN 255 ELSE f.outcome END)::smallint";
    private const string UnitsOfPayment = "sum(f.quantity_lots * CASE WHEN f.is_buy THEN f.price_ticks ELSE 1 END)::bigint";

    // Call these with the cursor's move; the second after the trades of the step have failed.
    internal static NpgsqlBatchCommand Insert(IReadOnlyList<WaitingIncrease> increases) =>
        Settlement.SettlementJournal.Sql(
            """
            INSERT INTO vault_waiting (block_number, address, market_id, outcome, units)
            SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::int[], $4::smallint[], $5::bigint[])
            """,
            increases.Select(one => one.Block).ToArray(),
            increases.Select(one => one.Asset.Account.ToBytes()).ToArray(),
            increases.Select(one => one.Asset.Market).ToArray(),
            increases.Select(one => (short)one.Asset.Outcome).ToArray(),
            increases.Select(one => one.Units).ToArray()
        );

    // A trade that was bust is not among them: its failure was final then.
    internal static NpgsqlBatchCommand InsertFailed(long final, long to) =>
        Settlement.SettlementJournal.Sql(
            $"""
            INSERT INTO vault_waiting (block_number, address, market_id, outcome, trade_id, units)
            SELECT t.block_number, a.address, {MarketOfPayment}, {OutcomeOfPayment}, t.trade_id, {UnitsOfPayment}
            FROM trades t JOIN fills f USING (trade_id) JOIN accounts a ON a.account_id = f.account_id JOIN markets m USING (market_id)
            WHERE t.closed AND t.settlement = 'failed' AND t.block_number > $1 AND t.block_number <= $2 AND f.purse = 1
              AND m.generation = (SELECT max(generation) FROM deployments)
            GROUP BY 1, 2, 3, 4, 5
            ON CONFLICT DO NOTHING
            """,
            final,
            to
        );

    internal static NpgsqlBatchCommand Forget(long final) =>
        Settlement.SettlementJournal.Sql("DELETE FROM vault_waiting WHERE block_number <= $1", final);

    internal static NpgsqlBatchCommand Remove(long ancestor) =>
        Settlement.SettlementJournal.Sql("DELETE FROM vault_waiting WHERE block_number > $1", ancestor);

    private static AssetKey Key(byte[] address, int market, short outcome) =>
        new(new Address(address), market, outcome, Engine.Purse.Vault);
}
