using System.Collections.Frozen;
using System.Globalization;
using Dapper;
using Foresight.Api.MarketData;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Markets;

/// <summary>
/// The query reads a day of trades, so its result is shared by all callers and cached for a few seconds. The best prices come
/// from the live books.
/// </summary>
public sealed class MarketStatistics(Database database, MarketFeed feed, TimeProvider clock)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _summing = new(1, 1);

    /// <summary>One reference, because it is read outside the semaphore: several words could be torn.</summary>
    private volatile Sums? _sums;

    public async Task<IReadOnlyDictionary<int, MarketStats>> OfAsync(IReadOnlyList<Market> markets, CancellationToken cancellationToken)
    {
        var rows = await SumsAsync(cancellationToken);
        return markets.ToDictionary(market => market.Id, market => Of(market, rows.GetValueOrDefault(market.Id)));
    }

    private MarketStats Of(Market market, SumRow? row)
    {
        // Without the stream the best prices may be outdated, so none are returned.
        var (bid, ask) = feed.IsConnected ? feed.BestOf(market.Id, outcome: 0) : (null, null);
        return new MarketStats(
            market.Id,
            row?.LastPriceTicks is { } last ? Decimals.Price(last) : null,
            Decimals.Shares(row?.Lots ?? 0),
            UsdcOf(row?.Notional ?? 0),
            row?.Trades ?? 0,
            bid is { } b ? Decimals.Price(b) : null,
            ask is { } a ? Decimals.Price(a) : null
        );
    }

    /// <summary>Decimal, because a day's turnover can exceed 64 bits of micro-USDC.</summary>
    private static string UsdcOf(decimal micros) => (micros / 1_000_000m).ToString("0.######", CultureInfo.InvariantCulture);

    private async Task<FrozenDictionary<int, SumRow>> SumsAsync(CancellationToken cancellationToken)
    {
        if (_sums is { } known && clock.GetElapsedTime(known.At) < FreshFor)
            return known.Rows;
        await _summing.WaitAsync(cancellationToken);
        try
        {
            if (_sums is { } fresh && clock.GetElapsedTime(fresh.At) < FreshFor)
                return fresh.Rows;
            var rows = await database.ReadAsync(
                "market_statistics",
                after: null,
                async (connection, cancellationToken) =>
                    (
                        await connection.QueryAsync<SumRow>(new CommandDefinition(Query, cancellationToken: cancellationToken))
                    ).ToFrozenDictionary(row => row.MarketId),
                cancellationToken
            );
            _sums = new Sums(rows, clock.GetTimestamp());
            return rows;
        }
        finally
        {
            _summing.Release();
        }
    }

    /// <summary>
    /// The last price is in terms of outcome 0, as in the leader's statistics, so that both show the same. In a binary market a trade of
    /// the other outcome at q is a trade of outcome 0 at 1 - q; in a market with more outcomes only trades of outcome 0 count. Turnover is
    /// the sum that takers paid or received.
    /// </summary>
    private const string Query = """
        WITH sums AS (
            SELECT market_id, count(*) AS trades, sum(quantity_lots)::bigint AS lots,
                sum(quantity_lots::numeric * taker_price_ticks) AS notional
            FROM trades WHERE executed_at > now() - interval '24 hours' GROUP BY market_id)
        SELECT m.market_id, coalesce(s.trades, 0) AS trades, coalesce(s.lots, 0) AS lots, coalesce(s.notional, 0) AS notional,
            l.last_price_ticks
        FROM markets m LEFT JOIN sums s USING (market_id) LEFT JOIN LATERAL (
            SELECT CASE t.taker_outcome WHEN 0 THEN t.taker_price_ticks ELSE 10000 - t.taker_price_ticks END AS last_price_ticks
            FROM trades t WHERE t.market_id = m.market_id AND (t.taker_outcome = 0 OR cardinality(m.outcomes) = 2)
            ORDER BY t.trade_id DESC LIMIT 1) AS l ON true
        """;

    private sealed record Sums(FrozenDictionary<int, SumRow> Rows, long At);

    private sealed class SumRow
    {
        public int MarketId { get; init; }
        public long Trades { get; init; }
        public long Lots { get; init; }
        public decimal Notional { get; init; }
        public int? LastPriceTicks { get; init; }
    }
}
