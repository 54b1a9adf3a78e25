using Dapper;
using Foresight.Chain;
using Foresight.Cluster.Offenders;
using Foresight.Matching.ChainReading;
using Npgsql;

namespace Foresight.Matching.ChainFollowing;

/// <param name="SeenBlock">The newest block with the lower holding; until it is confirmed, no observation may raise the holding.</param>
public readonly record struct UnconfirmedDecrease(AssetKey Asset, long SeenBlock);

public sealed class UnconfirmedStore(NpgsqlDataSource primary)
{
    public async Task<IReadOnlyList<UnconfirmedDecrease>> ReadUnconfirmedAsync(CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, int Market, short Outcome, short Purse, long Block)>(
            new CommandDefinition(
                "SELECT address, market_id, outcome, purse, seen_block FROM unconfirmed_decreases",
                cancellationToken: cancellationToken
            )
        );
        return
        [
            .. rows.Select(r => new UnconfirmedDecrease(
                new AssetKey(new Address(r.Address), r.Market, r.Outcome, (Engine.Purse)r.Purse),
                r.Block
            )),
        ];
    }

    public async Task<IReadOnlySet<long>> ReadHeldTradesAsync(IReadOnlyCollection<long> tradeIds, CancellationToken cancellationToken)
    {
        if (tradeIds.Count == 0)
            return new HashSet<long>();
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        return (
            await connection.QueryAsync<long>(
                new CommandDefinition(
                    "SELECT trade_id FROM trades WHERE trade_id = ANY (@all) AND NOT closed",
                    new { all = tradeIds.ToArray() },
                    cancellationToken: cancellationToken
                )
            )
        ).ToHashSet();
    }

    public async Task<IReadOnlyDictionary<Hash32, long>> ReadFinalLotsAsync(
        IReadOnlyCollection<Hash32> orders,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Hash, long Lots)>(
            new CommandDefinition(
                """
                SELECT o.order_hash, sum(f.quantity_lots)::bigint FROM orders o JOIN fills f USING (order_id) JOIN trades t USING (trade_id)
                WHERE o.order_hash = ANY (@all) AND t.settlement = 'final' GROUP BY o.order_hash
                """,
                new { all = orders.Select(o => o.ToBytes()).ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return rows.ToDictionary(r => new Hash32(r.Hash), r => r.Lots);
    }

    public async Task<IReadOnlyList<RestingOrder>> ReadRestingOfAsync(Address account, CancellationToken cancellationToken)
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Hash, int Market)>(
            new CommandDefinition(
                """
                SELECT o.order_hash, o.market_id FROM orders o JOIN accounts a USING (account_id)
                WHERE a.address = @account AND o.status IN (0, 1) ORDER BY o.order_id
                """,
                new { account = account.ToBytes() },
                cancellationToken: cancellationToken
            )
        );
        return [.. rows.Select(r => new RestingOrder(new Hash32(r.Hash), account, r.Market))];
    }

    /// <summary>Oldest first, as a score is computed from strikes. The time is the database's, because that clock stamped them.</summary>
    public async Task<IReadOnlyList<(Address Account, long Trade, DateTimeOffset Now, IReadOnlyList<Strike> Strikes)>> ReadStrikesAsync(
        IReadOnlyCollection<long> trades,
        CancellationToken cancellationToken
    )
    {
        if (trades.Count == 0)
            return [];
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(byte[] Address, long Trade, DateTime At, int Points, DateTime Now)>(
            new CommandDefinition(
                """
                SELECT address, trade_id, at, points, now() FROM strikes
                WHERE waived_at IS NULL AND at > now() - @Memory AND address IN (SELECT address FROM strikes WHERE trade_id = ANY (@trades))
                ORDER BY at, trade_id
                """,
                new { OffenderRules.Memory, trades = trades.ToArray() },
                cancellationToken: cancellationToken
            )
        );
        return
        [
            .. rows.GroupBy(r => new Address(r.Address))
                .Select(g =>
                    (
                        g.Key,
                        g.Last().Trade,
                        new DateTimeOffset(g.Last().Now),
                        (IReadOnlyList<Strike>)[.. g.Select(r => new Strike(r.At, r.Points))]
                    )
                ),
        ];
    }

    /// <summary>Without those that operators want paused or closed, which the chain does not open again.</summary>
    public async Task<IReadOnlyDictionary<int, Engine.MarketState>> ReadMarketStatesAsync(
        int generation,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await primary.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<(int Market, short State)>(
            new CommandDefinition(
                """
                SELECT market_id, state FROM markets
                WHERE generation = @generation AND listed_sequence IS NOT NULL AND operator_state IS NULL
                """,
                new { generation },
                cancellationToken: cancellationToken
            )
        );
        return rows.ToDictionary(r => r.Market, r => (Engine.MarketState)r.State);
    }
}
